/* probe_rom.c: the guest that probe.c runs: a BIOS that goes from real mode to 64-bit mode with paging, calculates there, changes
 * its page tables, and tells the result to QEMU's debug exit device.  There are hosts whose KVM runs a boot sector but no kernel. */

#include "kvm.h"
#include "probe_rom.h"

#if defined(__x86_64__)
/* ROM: the code at its start copies itself to 0x8000 and goes on there; the first instruction that a PC runs stands 16 bytes below the end. */
__asm__(
    ".pushsection .rodata\n"
    ".balign 16\n"
    ".local kvm_probe_begin, kvm_probe_end\n"
    "kvm_probe_begin:\n"
    ".code16\n"
    "    cli\n"
    "    cld\n"
    "    xorw %ax, %ax\n"
    "    movw %ax, %es\n"
    "    xorw %si, %si\n"
    "    movw $0x8000, %di\n"
    "    movw $(kvm_probe_end - kvm_probe_begin), %cx\n"
    "1:  movb %cs:(%si), %al\n"
    "    stosb\n"
    "    incw %si\n"
    "    loop 1b\n"
    "    ljmp $0, $(0x8000 + kvm_probe_low - kvm_probe_begin)\n"
    "kvm_probe_low:\n"
    "    xorl %eax, %eax\n"
    "    movw %ax, %ds\n"
    "    movw %ax, %ss\n"
    "    movw $0x7000, %sp\n"
    "    movw $0x1000, %di\n"                           /* page tables: 0x1000, 0x2000, 0x3000 */
    "    movw $0xc00, %cx\n"
    "    rep stosl\n"
    "    movl $0x2003, 0x1000\n"
    "    movl $0x3003, 0x2000\n"
    "    movl $0x83, 0x3000\n"                          /* the first 2 MiB as they are */
    "    lgdtl 0x8000 + kvm_probe_gdtr - kvm_probe_begin\n"
    "    movl $0x1000, %eax\n"
    "    movl %eax, %cr3\n"
    "    movl $0x220, %eax\n"                           /* PAE, SSE */
    "    movl %eax, %cr4\n"
    "    movl $0xc0000080, %ecx\n"                      /* EFER: long mode */
    "    rdmsr\n"
    "    orl $0x100, %eax\n"
    "    wrmsr\n"
    "    movl $0x80000001, %eax\n"
    "    movl %eax, %cr0\n"
    "    ljmp $8, $(0x8000 + kvm_probe_long - kvm_probe_begin)\n"
    ".code64\n"
    "kvm_probe_long:\n"
    "    movl $16, %eax\n"
    "    movl %eax, %ds\n"
    "    movl %eax, %ss\n"
    "    movl $0x7000, %esp\n"
    "    movq $1, %rax\n"
    "    movl $100000, %ecx\n"
    "2:  imulq $3, %rax, %rax\n"                        /* 3^100000 modulo 2^64, through SSE registers and the stack */
    "    movq %rax, %xmm0\n"
    "    movq %xmm0, %rdx\n"
    "    pushq %rdx\n"
    "    popq %rax\n"
    "    decl %ecx\n"
    "    jnz 2b\n"
    "    movabsq $" KVM_PROBE_SUM ", %rdx\n"
    "    cmpq %rdx, %rax\n"
    "    jne 3f\n"
    "    movl $0x83, 0x3008\n"                          /* the first 2 MiB once more, at 2 MiB */
    "    invlpg 0x200000\n"
    "    movq %rax, 0x6000\n"
    "    cmpq %rax, 0x206000\n"
    "    jne 3f\n"
    "    movb $" KVM_PROBE_VALUE_TEXT ", %al\n"
    "    outb %al, $0xf4\n"
    "3:  hlt\n"
    "    jmp 3b\n"
    ".balign 8\n"
    "kvm_probe_gdt:\n"
    "    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff\n"
    "kvm_probe_gdtr:\n"
    "    .word 23\n"
    "    .long 0x8000 + kvm_probe_gdt - kvm_probe_begin\n"
    "kvm_probe_end:\n"
    ".code64\n"
    ".globl kvm_probe_code\n"
    ".hidden kvm_probe_code\n"
    ".set kvm_probe_code, kvm_probe_begin\n"
    ".globl kvm_probe_size\n"
    ".hidden kvm_probe_size\n"
    ".balign 8\n"
    "kvm_probe_size: .quad kvm_probe_end - kvm_probe_begin\n"
    ".popsection\n");

extern const unsigned char kvm_probe_code[];
extern const uint64_t kvm_probe_size;

void
kvm_probe_rom(unsigned char rom[KVM_PROBE_ROM_SIZE])
{
    static const unsigned char reset[] = { 0xe9, 0x0d, 0x00 };      /* jmp from 0xfff0 to 0 */

    memset(rom, 0xf4, KVM_PROBE_ROM_SIZE);
    memcpy(rom, kvm_probe_code, kvm_probe_size);
    memcpy(rom + KVM_PROBE_ROM_SIZE - 16, reset, sizeof reset);
}
#else
/* The driver refuses to start on such a host. */
void
kvm_probe_rom(unsigned char rom[KVM_PROBE_ROM_SIZE])
{
    memset(rom, 0, KVM_PROBE_ROM_SIZE);
}
#endif
