#!/bin/bash
# object_web.sh: the object store for browsers: sites (StaticWeb), forms (FormPOST), temporary URLs.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
token=$(value token issue -c id)
project=$(value token issue -c project_id)
store=$url/object-store/v1/AUTH_$project
http() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $token" "$@"; }
anyone() { curl -s -o body -D head -w '%{http_code}' "$@"; }
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
put() { http -X PUT --data-binary "$2" -H "Content-Type: ${3:-text/html}" "$store/$1" > /dev/null; }
post() { local c=$1; shift; http -X POST "$@" "$store/$c" > /dev/null; }
empty() { http "$store/$1" > /dev/null; python3 -c 'import sys,urllib.parse; [print(urllib.parse.quote(l.rstrip("\n"))) for l in open("body")]' | while read -r n; do curl -s -X DELETE -H "X-Auth-Token: $token" "$store/$1/$n"; done; http -X DELETE "$store/$1"; }
quoted() { python3 -c 'import sys,urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$1"; }

# --- sites
later "empty t-site"
http -X PUT "$store/t-site" > /dev/null
put t-site/index.html home; put t-site/sub/index.html below; put t-site/plain/page.html page; put t-site/404oops.html gone; put t-site/401oops.html locked
put t-site/mark '' application/directory
is "without a list of access nobody sees the site" "$(anyone "$store/t-site/")" 401
post t-site -H 'X-Container-Read: .r:*'
is "objects are read with .r:* alone" "$(anyone "$store/t-site/index.html"; cat body)" 200home
post t-site -H 'X-Container-Meta-Web-Index: index.html'
is "the site wants .rlistings" "$(anyone "$store/t-site/")" 401
post t-site -H 'X-Container-Meta-Web-Error: oops.html'
is "and has a page for that" "$(anyone "$store/t-site/"; cat body)" 401locked
post t-site -H 'X-Container-Read: .r:*,.rlistings'
is "the index" "$(anyone "$store/t-site/"; cat body; header Content-Type)" 200hometext/html
is "HEAD too" "$(anyone -I "$store/t-site/"; header Content-Length)" 2004
is "a container without its slash is elsewhere" "$(anyone "$store/t-site"; header Location)" "301$store/t-site/"
is "so is a folder" "$(anyone "$store/t-site/sub"; header Location)" "301$store/t-site/sub/"
is "whose index is served" "$(anyone "$store/t-site/sub/"; cat body)" 200below
is "a range of the index" "$(anyone -H 'Range: bytes=1-2' "$store/t-site/"; cat body)" 206om
is "a condition on it" "$(anyone -H "If-None-Match: $(printf home | md5sum | cut -d' ' -f1)" "$store/t-site/")" 304
is "what is not there has the site's page" "$(anyone "$store/t-site/none"; cat body)" 404gone
is "a marker of a folder is none" "$(anyone "$store/t-site/mark"; cat body)" 404gone
is "a folder without an index is not listed" "$(anyone "$store/t-site/plain/"; cat body)" 404gone
is "with a token it is a container as ever" "$(http "$store/t-site?limit=1"; cat body)" 200401oops.html
is "unless one asks" "$(http -H 'X-Web-Mode: true' "$store/t-site/"; cat body)" 200home
post t-site -H 'X-Container-Meta-Web-Directory-Type: text/directory' -H 'X-Remove-Container-Meta-Web-Error: x'
is "another type marks folders" "$(anyone "$store/t-site/mark")" 200
has "no list: it says so" "$(anyone "$store/t-site/plain/"; cat body)" '404.*Web Listing Disabled|Web Listing Disabled'
post t-site -H 'X-Container-Meta-Web-Listings: true' -H 'X-Remove-Container-Meta-Web-Index: x' -H 'X-Container-Meta-Web-Listings-CSS: style.css' -H 'X-Container-Meta-Web-Listings-Label: <Mine>'
evil="javascript:alert(1)<script>\"'&.html"
put "t-site/$(quoted "x/$evil")" '' 'text/<b>"x'
is "a list" "$(anyone "$store/t-site/"; header Content-Type)" "200text/html; charset=UTF-8"
has "has folders first" "$(tr -d '\n' < body)" '"plain/">plain/</a>.*"401oops.html"'
has "and a label" "$(cat body)" 'Listing of &lt;Mine&gt;/<'
is "a folder's list" "$(anyone "$store/t-site/x/")" 200
has "has the style from above" "$(cat body)" 'href="../style.css"'
has "and a way up" "$(cat body)" 'href="../">../'
has "names are text, links are relative" "$(cat body)" 'href="javascript%3Aalert%281%29%3Cscript%3E%22%27%26.html">javascript:alert\(1\)&lt;script&gt;&quot;&#x27;&amp;.html<'
has "types are text" "$(cat body)" 'type-text type-&lt;b&gt;&quot;x'
is "an empty folder is none" "$(anyone "$store/t-site/nothing/")" 404

# --- forms
later "empty t-form"
http -X PUT "$store/t-form" > /dev/null
http -X POST -H 'X-Account-Meta-Temp-URL-Key: one' -H 'X-Account-Meta-Temp-URL-Key-2: two' "$store" > /dev/null
later "http -X POST -H 'X-Remove-Account-Meta-Temp-URL-Key: x' -H 'X-Remove-Account-Meta-Temp-URL-Key-2: x' $store"
post t-form -H 'X-Container-Meta-Temp-URL-Key: three'
path=/v1/AUTH_$project/t-form/in/
expires=$(($(date +%s) + 600))
mac() { printf "$3" "${@:4}" | openssl dgst "-$1" -hmac "$2" | sed 's/.* //'; }
sign() { mac "$1" "$2" '%s\n%s\n%s\n%s\n%s' "${4:-$path}" "${3:-}" 100 2 "$expires"; }
printf first > one.txt; printf second > two.html; head -c 101 /dev/zero > big
# form SIGNATURE REDIRECT PART...: the status
form() { local sig=$1 to=$2; shift 2; curl -s -o body -D head -w '%{http_code}' -F "redirect=$to" -F max_file_size=100 -F max_file_count=2 -F "expires=$expires" -F "signature=$sig" "$@" "$store/t-form/in/"; }
is "a form's files are there" "$(form "$(sign sha1 one)" '' -F a=@one.txt -F 'b=@two.html;type=text/x-odd'; http "$store/t-form/in/one.txt"; cat body; http "$store/t-form/in/two.html"; header Content-Type)" "201200first200text/x-odd"
for key in two three; do is "signed with key $key" "$(form "$(sign sha512 $key)" '' -F a=@one.txt)" 201; done
base64=sha256:$(printf '%s\n\n100\n2\n%s' "$path" "$expires" | openssl dgst -sha256 -hmac one -binary | base64 -w0)
is "signed in base64" "$(form "$base64" '' -F a=@one.txt)" 201
is "signed with the mount's path" "$(form "$(sign sha256 one '' "/object-store$path")" '' -F a=@one.txt)" 201
is "another key's signature is none" "$(form "$(sign sha256 four)" '' -F a=@one.txt; cat body)" "401FormPost: Invalid Signature"
is "nor is one for another path" "$(form "$(sign sha256 one '' "${path}x")" '' -F a=@one.txt)" 401
is "a third file is one too many" "$(form "$(sign sha256 one)" '' -F a=@one.txt -F b=@two.html -F 'c=@one.txt;filename=third'; tr -d '\r\n' < body; http "$store/t-form/in/third")" "400400 Bad RequestFormPost: Max File Count Exceeded404"
is "nothing of a file that is too large stays" "$(form "$(sign sha256 one)" '' -F a=@big; cat body; http "$store/t-form/in/big")" "400FormPost: max_file_size exceeded404"
is "a form without a file" "$(form "$(sign sha256 one)" ''; tr -d '\r\n' < body)" "400400 Bad RequestFormPost: No Files To Process"
to='http://192.0.2.1/back?x=1'
is "the browser is sent on" "$(form "$(sign sha256 one "$to")" "$to" -F a=@one.txt; header Location)" "303$to&status=201&message="
is "with what went wrong" "$(form "$(sign sha256 one "$to")" "$to" -F a=@one.txt -F b=@one.txt -F c=@one.txt; header Location)" "303$to&status=400&message=max%20file%20count%20exceeded"
is "nobody is sent where no key's owner signed for" "$(form "$(sign sha256 one)" "$to" -F a=@one.txt; header Location)$(form x "$to"; header Location)" 401400
is "a file that expires" "$(form "$(sign sha256 one)" '' -F x_delete_after=1000 -F content-encoding=gzip -F 'a=@one.txt;filename=brief'; http -I "$store/t-form/in/brief"; header X-Delete-At | wc -c; header Content-Encoding)" "20120011
gzip"
is "not an integer" "$(form "$(sign sha256 one)" '' -F x_delete_at=soon -F a=@one.txt; cat body)" "400FormPost: x_delete_at not an integer: Unix timestamp required."
expires=$(($(date +%s) - 1)); is "a form that is too late" "$(form "$(sign sha256 one)" '' -F a=@one.txt; cat body)" "401FormPost: Form Expired"
is "a body that is no form" "$(anyone -H 'Content-Type: multipart/form-data; boundary=b' --data-binary 'hello' "$store/t-form/in/"; cat body)" "400FormPost: invalid starting boundary"
is "a form that ends early leaves nothing" "$(expires=$(($(date +%s) + 600)); sig=$(sign sha256 one)
    { for f in max_file_size=100 max_file_count=2 "expires=$expires" "signature=$sig"; do printf -- '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' "${f%%=*}" "${f#*=}"; done
    printf -- '--b\r\nContent-Disposition: form-data; name="f"; filename="half"\r\n\r\nhal'; } > raw
    anyone -H 'Content-Type: multipart/form-data; boundary=b' --data-binary @raw "$store/t-form/in/"; cat body; http "$store/t-form/in/half")" "400FormPost: the form ends before its last boundary404"
