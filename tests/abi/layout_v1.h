/* layout_v1.h: where everything of driver ABI 1 stands on 64-bit machines (LP64), as it was when the ABI was made.
 *
 * Lines here are never changed: what is appended to the headers may get lines of its own when it is released.
 * S(struct, bytes at least)  F(struct, field, offset)  N(constant, value) */
#define ABI_V1_LAYOUT \
    S(cairn_auth_user, 1800) F(cairn_auth_user, enabled, 4) F(cairn_auth_user, id, 8) F(cairn_auth_user, name, 264) F(cairn_auth_user, email, 520) F(cairn_auth_user, description, 776) \
    S(cairn_auth_group, 1544) F(cairn_auth_group, id, 8) F(cairn_auth_group, name, 264) F(cairn_auth_group, description, 520) \
    S(cairn_auth_driver, 152) F(cairn_auth_driver, user_get, 96) F(cairn_auth_driver, user_find, 104) F(cairn_auth_driver, authenticate, 112) F(cairn_auth_driver, user_list, 120) F(cairn_auth_driver, group_list, 128) F(cairn_auth_driver, user_groups, 136) F(cairn_auth_driver, group_users, 144) \
    S(cairn_key, 56) \
    F(cairn_key, size, 0) F(cairn_key, type, 4) F(cairn_key, flags, 8) F(cairn_key, reserved, 12) F(cairn_key, name, 16) \
    F(cairn_key, dflt, 24) F(cairn_key, help, 32) F(cairn_key, min, 40) F(cairn_key, max, 48) \
    S(cairn_pair, 16) \
    F(cairn_pair, name, 0) F(cairn_pair, value, 8) \
    S(cairn_child, 72) \
    F(cairn_child, size, 0) F(cairn_child, timeout_ms, 4) F(cairn_child, argv, 8) F(cairn_child, env, 16) F(cairn_child, input, 24) \
    F(cairn_child, input_len, 32) F(cairn_child, netns, 40) F(cairn_child, limit_cpu_s, 48) F(cairn_child, limit_as_bytes, 56) \
    F(cairn_child, flags, 64) F(cairn_child, output_max, 68) \
    S(cairn_event, 32) \
    F(cairn_event, size, 0) F(cairn_event, type, 4) F(cairn_event, object, 8) F(cairn_event, value, 16) F(cairn_event, reason, 24) \
    S(cairn_health, 256) \
    F(cairn_health, size, 0) F(cairn_health, ok, 4) F(cairn_health, text, 8) \
    S(cairn_host, 120) \
    F(cairn_host, size, 0) F(cairn_host, abi, 4) F(cairn_host, instance, 8) F(cairn_host, name, 16) F(cairn_host, cloud_id, 24) \
    F(cairn_host, host_name, 32) F(cairn_host, state_dir, 40) F(cairn_host, run_dir, 48) F(cairn_host, log, 56) \
    F(cairn_host, get_string, 64) F(cairn_host, get_int, 72) F(cairn_host, progress, 80) F(cairn_host, cancelled, 88) \
    F(cairn_host, run, 96) F(cairn_host, event, 104) F(cairn_host, emit, 112) \
    S(cairn_driver, 96) \
    F(cairn_driver, abi, 0) F(cairn_driver, table_size, 4) F(cairn_driver, kind, 8) F(cairn_driver, threads, 12) \
    F(cairn_driver, name, 16) F(cairn_driver, version, 24) F(cairn_driver, description, 32) F(cairn_driver, keys, 40) \
    F(cairn_driver, capabilities, 48) F(cairn_driver, configure, 56) F(cairn_driver, start, 64) F(cairn_driver, stop, 72) \
    F(cairn_driver, destroy, 80) F(cairn_driver, health, 88) \
    S(cairn_connection, 2336) \
    F(cairn_connection, size, 0) F(cairn_connection, kind, 4) F(cairn_connection, format, 8) F(cairn_connection, read_only, 12) \
    F(cairn_connection, port, 16) F(cairn_connection, tls, 20) F(cairn_connection, path, 24) F(cairn_connection, host, 1048) \
    F(cairn_connection, export_name, 1304) F(cairn_connection, pool, 1560) F(cairn_connection, image, 1688) \
    F(cairn_connection, user, 1944) F(cairn_connection, secret, 2072) F(cairn_connection, size_bytes, 2328) \
    S(cairn_error, 1016) \
    F(cairn_error, code, 0) F(cairn_error, sys_errno, 4) F(cairn_error, tag, 8) F(cairn_error, message, 72) \
    S(cairn_disk, 56) \
    F(cairn_disk, size, 0) F(cairn_disk, role, 4) F(cairn_disk, bus, 8) F(cairn_disk, flags, 12) F(cairn_disk, boot_index, 16) \
    F(cairn_disk, reserved, 20) F(cairn_disk, id, 24) F(cairn_disk, target, 32) F(cairn_disk, tag, 40) F(cairn_disk, source, 48) \
    S(cairn_nic, 272) \
    F(cairn_nic, size, 0) F(cairn_nic, kind, 4) F(cairn_nic, mtu, 8) F(cairn_nic, checksum_offload, 12) F(cairn_nic, id, 16) \
    F(cairn_nic, mac, 80) F(cairn_nic, device, 112) F(cairn_nic, bridge, 144) F(cairn_nic, model, 176) F(cairn_nic, tag, 208) \
    S(cairn_server, 120) \
    F(cairn_server, size, 0) F(cairn_server, vcpus, 4) F(cairn_server, ram_bytes, 8) F(cairn_server, id, 16) F(cairn_server, name, 24) \
    F(cairn_server, project_id, 32) F(cairn_server, user_id, 40) F(cairn_server, flavor_name, 48) F(cairn_server, image_id, 56) \
    F(cairn_server, disks, 64) F(cairn_server, disks_count, 72) F(cairn_server, nics_count, 76) F(cairn_server, nics, 80) \
    F(cairn_server, properties, 88) F(cairn_server, properties_count, 96) F(cairn_server, graphics, 100) F(cairn_server, power_on, 104) \
    F(cairn_server, rescue, 108) F(cairn_server, console_log, 112) \
    S(cairn_compute_info, 2296) \
    F(cairn_compute_info, size, 0) F(cairn_compute_info, vcpus, 4) F(cairn_compute_info, ram_bytes, 8) \
    F(cairn_compute_info, hypervisor_type, 16) F(cairn_compute_info, hypervisor_version, 48) \
    F(cairn_compute_info, hypervisor_version_number, 80) F(cairn_compute_info, accelerated, 84) F(cairn_compute_info, arch, 88) \
    F(cairn_compute_info, cpu_model, 120) F(cairn_compute_info, cpu_info_json, 248) \
    S(cairn_server_state, 200) \
    F(cairn_server_state, size, 0) F(cairn_server_state, power, 4) F(cairn_server_state, id, 8) F(cairn_server_state, reason, 72) \
    S(cairn_server_stats, 168) \
    F(cairn_server_stats, size, 0) F(cairn_server_stats, power, 4) F(cairn_server_stats, id, 8) F(cairn_server_stats, cpu_ns, 72) \
    F(cairn_server_stats, uptime_s, 80) F(cairn_server_stats, ram_bytes, 88) F(cairn_server_stats, ram_used_bytes, 96) \
    F(cairn_server_stats, disk_read_bytes, 104) F(cairn_server_stats, disk_read_ops, 112) F(cairn_server_stats, disk_write_bytes, 120) \
    F(cairn_server_stats, disk_write_ops, 128) F(cairn_server_stats, net_rx_bytes, 136) F(cairn_server_stats, net_rx_packets, 144) \
    F(cairn_server_stats, net_tx_bytes, 152) F(cairn_server_stats, net_tx_packets, 160) \
    S(cairn_console, 524) \
    F(cairn_console, size, 0) F(cairn_console, kind, 4) F(cairn_console, port, 8) F(cairn_console, host, 12) F(cairn_console, path, 268) \
    S(cairn_migration, 32) \
    F(cairn_migration, size, 0) F(cairn_migration, live, 4) F(cairn_migration, copy_storage, 8) F(cairn_migration, max_downtime_ms, 12) \
    F(cairn_migration, bandwidth_bytes, 16) F(cairn_migration, target_uri, 24) \
    S(cairn_migration_progress, 56) \
    F(cairn_migration_progress, size, 0) F(cairn_migration_progress, state, 4) F(cairn_migration_progress, ram_total, 8) \
    F(cairn_migration_progress, ram_done, 16) F(cairn_migration_progress, ram_remaining, 24) F(cairn_migration_progress, disk_total, 32) \
    F(cairn_migration_progress, disk_done, 40) F(cairn_migration_progress, disk_remaining, 48) \
    S(cairn_compute_driver, 368) \
    F(cairn_compute_driver, abi, 0) F(cairn_compute_driver, table_size, 4) F(cairn_compute_driver, kind, 8) \
    F(cairn_compute_driver, threads, 12) F(cairn_compute_driver, name, 16) F(cairn_compute_driver, version, 24) \
    F(cairn_compute_driver, description, 32) F(cairn_compute_driver, keys, 40) F(cairn_compute_driver, capabilities, 48) \
    F(cairn_compute_driver, configure, 56) F(cairn_compute_driver, start, 64) F(cairn_compute_driver, stop, 72) \
    F(cairn_compute_driver, destroy, 80) F(cairn_compute_driver, health, 88) F(cairn_compute_driver, host_info, 96) \
    F(cairn_compute_driver, server_list, 104) F(cairn_compute_driver, server_state, 112) F(cairn_compute_driver, server_create, 120) \
    F(cairn_compute_driver, server_destroy, 128) F(cairn_compute_driver, server_start, 136) F(cairn_compute_driver, server_stop, 144) \
    F(cairn_compute_driver, server_reboot, 152) F(cairn_compute_driver, server_pause, 160) F(cairn_compute_driver, server_unpause, 168) \
    F(cairn_compute_driver, server_suspend, 176) F(cairn_compute_driver, server_resume, 184) F(cairn_compute_driver, server_rescue, 192) \
    F(cairn_compute_driver, server_unrescue, 200) F(cairn_compute_driver, disk_attach, 208) F(cairn_compute_driver, disk_detach, 216) \
    F(cairn_compute_driver, disk_resize, 224) F(cairn_compute_driver, disk_swap, 232) F(cairn_compute_driver, nic_attach, 240) \
    F(cairn_compute_driver, nic_detach, 248) F(cairn_compute_driver, snapshot_begin, 256) F(cairn_compute_driver, snapshot_end, 264) \
    F(cairn_compute_driver, console_log, 272) F(cairn_compute_driver, console_connect, 280) \
    F(cairn_compute_driver, server_diagnostics, 288) F(cairn_compute_driver, server_stats, 296) \
    F(cairn_compute_driver, server_inject_nmi, 304) F(cairn_compute_driver, server_set_password, 312) \
    F(cairn_compute_driver, migrate_prepare, 320) F(cairn_compute_driver, migrate_run, 328) \
    F(cairn_compute_driver, migrate_progress, 336) F(cairn_compute_driver, migrate_force, 344) \
    F(cairn_compute_driver, migrate_abort, 352) F(cairn_compute_driver, migrate_finish, 360) \
    S(cairn_volume, 64) \
    F(cairn_volume, size, 0) F(cairn_volume, source_kind, 4) F(cairn_volume, size_bytes, 8) F(cairn_volume, id, 16) \
    F(cairn_volume, source_handle, 24) F(cairn_volume, source_format, 32) F(cairn_volume, preallocate, 36) F(cairn_volume, source, 40) \
    F(cairn_volume, properties, 48) F(cairn_volume, properties_count, 56) F(cairn_volume, reserved, 60) \
    S(cairn_pool_info, 32) \
    F(cairn_pool_info, size, 0) F(cairn_pool_info, thin, 4) F(cairn_pool_info, total_bytes, 8) F(cairn_pool_info, free_bytes, 16) \
    F(cairn_pool_info, provisioned_bytes, 24) \
    S(cairn_volume_info, 344) \
    F(cairn_volume_info, size, 0) F(cairn_volume_info, format, 4) F(cairn_volume_info, id, 8) F(cairn_volume_info, handle, 72) \
    F(cairn_volume_info, size_bytes, 328) F(cairn_volume_info, used_bytes, 336) \
    S(cairn_blob_info, 280) \
    F(cairn_blob_info, size, 0) F(cairn_blob_info, reserved, 4) F(cairn_blob_info, key, 8) F(cairn_blob_info, size_bytes, 264) \
    F(cairn_blob_info, created_us, 272) \
    S(cairn_extent, 24) \
    F(cairn_extent, size, 0) F(cairn_extent, zero, 4) F(cairn_extent, offset, 8) F(cairn_extent, length, 16) \
    S(cairn_storage_driver, 384) \
    F(cairn_storage_driver, abi, 0) F(cairn_storage_driver, table_size, 4) F(cairn_storage_driver, kind, 8) \
    F(cairn_storage_driver, threads, 12) F(cairn_storage_driver, name, 16) F(cairn_storage_driver, version, 24) \
    F(cairn_storage_driver, description, 32) F(cairn_storage_driver, keys, 40) F(cairn_storage_driver, capabilities, 48) \
    F(cairn_storage_driver, configure, 56) F(cairn_storage_driver, start, 64) F(cairn_storage_driver, stop, 72) \
    F(cairn_storage_driver, destroy, 80) F(cairn_storage_driver, health, 88) F(cairn_storage_driver, pool_info, 96) \
    F(cairn_storage_driver, volume_create, 104) F(cairn_storage_driver, volume_delete, 112) F(cairn_storage_driver, volume_extend, 120) \
    F(cairn_storage_driver, volume_info, 128) F(cairn_storage_driver, volume_list, 136) F(cairn_storage_driver, volume_flatten, 144) \
    F(cairn_storage_driver, snapshot_create, 152) F(cairn_storage_driver, snapshot_delete, 160) \
    F(cairn_storage_driver, volume_revert, 168) F(cairn_storage_driver, volume_connect, 176) \
    F(cairn_storage_driver, volume_disconnect, 184) F(cairn_storage_driver, volume_export, 192) \
    F(cairn_storage_driver, volume_unexport, 200) F(cairn_storage_driver, volume_changes, 208) F(cairn_storage_driver, volume_read, 216) \
    F(cairn_storage_driver, volume_write, 224) F(cairn_storage_driver, image_open, 232) F(cairn_storage_driver, image_write, 240) \
    F(cairn_storage_driver, image_commit, 248) F(cairn_storage_driver, image_abort, 256) F(cairn_storage_driver, image_read, 264) \
    F(cairn_storage_driver, image_fd, 272) F(cairn_storage_driver, image_info, 280) F(cairn_storage_driver, image_delete, 288) \
    F(cairn_storage_driver, image_list, 296) F(cairn_storage_driver, image_connect, 304) F(cairn_storage_driver, blob_open, 312) \
    F(cairn_storage_driver, blob_write, 320) F(cairn_storage_driver, blob_commit, 328) F(cairn_storage_driver, blob_abort, 336) \
    F(cairn_storage_driver, blob_read, 344) F(cairn_storage_driver, blob_fd, 352) F(cairn_storage_driver, blob_info, 360) \
    F(cairn_storage_driver, blob_delete, 368) F(cairn_storage_driver, blob_list, 376) \
    S(cairn_route, 16) \
    F(cairn_route, destination, 0) F(cairn_route, nexthop, 8) \
    S(cairn_subnet, 80) \
    F(cairn_subnet, size, 0) F(cairn_subnet, ip_version, 4) F(cairn_subnet, dhcp, 8) F(cairn_subnet, ra_mode, 12) \
    F(cairn_subnet, id, 16) F(cairn_subnet, cidr, 24) F(cairn_subnet, gateway, 32) F(cairn_subnet, dhcp_address, 40) \
    F(cairn_subnet, dns, 48) F(cairn_subnet, dns_count, 56) F(cairn_subnet, routes_count, 60) F(cairn_subnet, routes, 64) \
    F(cairn_subnet, domain, 72) \
    S(cairn_lease, 64) \
    F(cairn_lease, size, 0) F(cairn_lease, reserved, 4) F(cairn_lease, port_id, 8) F(cairn_lease, mac, 16) F(cairn_lease, address, 24) \
    F(cairn_lease, subnet_id, 32) F(cairn_lease, host_name, 40) F(cairn_lease, options, 48) F(cairn_lease, options_count, 56) \
    F(cairn_lease, reserved2, 60) \
    S(cairn_net, 72) \
    F(cairn_net, size, 0) F(cairn_net, type, 4) F(cairn_net, segment, 8) F(cairn_net, mtu, 12) F(cairn_net, external, 16) \
    F(cairn_net, admin_up, 20) F(cairn_net, id, 24) F(cairn_net, project_id, 32) F(cairn_net, physical, 40) F(cairn_net, subnets, 48) \
    F(cairn_net, subnets_count, 56) F(cairn_net, leases_count, 60) F(cairn_net, leases, 64) \
    S(cairn_security_rule, 48) \
    F(cairn_security_rule, size, 0) F(cairn_security_rule, ingress, 4) F(cairn_security_rule, ip_version, 8) \
    F(cairn_security_rule, protocol, 12) F(cairn_security_rule, port_min, 16) F(cairn_security_rule, port_max, 20) \
    F(cairn_security_rule, id, 24) F(cairn_security_rule, remote_cidr, 32) F(cairn_security_rule, remote_group, 40) \
    S(cairn_security_group, 40) \
    F(cairn_security_group, size, 0) F(cairn_security_group, stateless, 4) F(cairn_security_group, id, 8) \
    F(cairn_security_group, rules, 16) F(cairn_security_group, rules_count, 24) F(cairn_security_group, members_count, 28) \
    F(cairn_security_group, members, 32) \
    S(cairn_fixed_ip, 16) \
    F(cairn_fixed_ip, subnet_id, 0) F(cairn_fixed_ip, address, 8) \
    S(cairn_port, 112) \
    F(cairn_port, size, 0) F(cairn_port, admin_up, 4) F(cairn_port, port_security, 8) F(cairn_port, fixed_ips_count, 12) \
    F(cairn_port, id, 16) F(cairn_port, network_id, 24) F(cairn_port, mac, 32) F(cairn_port, device_id, 40) \
    F(cairn_port, device_owner, 48) F(cairn_port, fixed_ips, 56) F(cairn_port, groups, 64) F(cairn_port, groups_count, 72) \
    F(cairn_port, pairs_count, 76) F(cairn_port, address_pairs, 80) F(cairn_port, qos_egress_bps, 88) F(cairn_port, qos_ingress_bps, 96) \
    F(cairn_port, tag, 104) \
    S(cairn_router, 64) \
    F(cairn_router, size, 0) F(cairn_router, admin_up, 4) F(cairn_router, snat, 8) F(cairn_router, interfaces_count, 12) \
    F(cairn_router, id, 16) F(cairn_router, interfaces, 24) F(cairn_router, gateway, 32) F(cairn_router, gateway_next, 40) \
    F(cairn_router, routes, 48) F(cairn_router, routes_count, 56) F(cairn_router, reserved, 60) \
    S(cairn_floating_ip, 48) \
    F(cairn_floating_ip, size, 0) F(cairn_floating_ip, reserved, 4) F(cairn_floating_ip, id, 8) F(cairn_floating_ip, router_id, 16) \
    F(cairn_floating_ip, floating_address, 24) F(cairn_floating_ip, fixed_address, 32) F(cairn_floating_ip, port_id, 40) \
    S(cairn_net_item, 104) \
    F(cairn_net_item, size, 0) F(cairn_net_item, up, 4) F(cairn_net_item, id, 8) F(cairn_net_item, device, 72) \
    S(cairn_network_driver, 224) \
    F(cairn_network_driver, abi, 0) F(cairn_network_driver, table_size, 4) F(cairn_network_driver, kind, 8) \
    F(cairn_network_driver, threads, 12) F(cairn_network_driver, name, 16) F(cairn_network_driver, version, 24) \
    F(cairn_network_driver, description, 32) F(cairn_network_driver, keys, 40) F(cairn_network_driver, capabilities, 48) \
    F(cairn_network_driver, configure, 56) F(cairn_network_driver, start, 64) F(cairn_network_driver, stop, 72) \
    F(cairn_network_driver, destroy, 80) F(cairn_network_driver, health, 88) F(cairn_network_driver, network_apply, 96) \
    F(cairn_network_driver, network_remove, 104) F(cairn_network_driver, network_list, 112) F(cairn_network_driver, port_plug, 120) \
    F(cairn_network_driver, port_unplug, 128) F(cairn_network_driver, port_list, 136) F(cairn_network_driver, group_apply, 144) \
    F(cairn_network_driver, group_remove, 152) F(cairn_network_driver, group_list, 160) F(cairn_network_driver, metadata_listen, 168) \
    F(cairn_network_driver, router_apply, 176) F(cairn_network_driver, router_remove, 184) F(cairn_network_driver, router_list, 192) \
    F(cairn_network_driver, floating_ip_apply, 200) F(cairn_network_driver, floating_ip_remove, 208) \
    F(cairn_network_driver, physical_check, 216) \
    S(cairn_place_request, 112) \
    F(cairn_place_request, size, 0) F(cairn_place_request, vcpus, 4) F(cairn_place_request, ram_mib, 8) \
    F(cairn_place_request, disk_gib, 16) F(cairn_place_request, server_id, 24) F(cairn_place_request, project_id, 32) \
    F(cairn_place_request, availability_zone, 40) F(cairn_place_request, forced_host, 48) F(cairn_place_request, group_policy, 56) \
    F(cairn_place_request, group_hosts, 64) F(cairn_place_request, group_hosts_count, 72) F(cairn_place_request, properties_count, 76) \
    F(cairn_place_request, properties, 80) F(cairn_place_request, ignore_hosts, 88) F(cairn_place_request, ignore_hosts_count, 96) \
    F(cairn_place_request, hints_count, 100) F(cairn_place_request, hints, 104) \
    S(cairn_place_host, 112) \
    F(cairn_place_host, size, 0) F(cairn_place_host, enabled, 4) F(cairn_place_host, alive, 8) F(cairn_place_host, reserved, 12) \
    F(cairn_place_host, name, 16) F(cairn_place_host, availability_zone, 24) F(cairn_place_host, hypervisor_type, 32) \
    F(cairn_place_host, arch, 40) F(cairn_place_host, vcpu_capacity, 48) F(cairn_place_host, ram_mib_capacity, 56) \
    F(cairn_place_host, disk_gib_capacity, 64) F(cairn_place_host, vcpu_used, 72) F(cairn_place_host, ram_mib_used, 80) \
    F(cairn_place_host, disk_gib_used, 88) F(cairn_place_host, traits, 96) F(cairn_place_host, traits_count, 104) \
    F(cairn_place_host, servers, 108) \
    S(cairn_scheduler_plugin, 112) \
    F(cairn_scheduler_plugin, abi, 0) F(cairn_scheduler_plugin, table_size, 4) F(cairn_scheduler_plugin, kind, 8) \
    F(cairn_scheduler_plugin, threads, 12) F(cairn_scheduler_plugin, name, 16) F(cairn_scheduler_plugin, version, 24) \
    F(cairn_scheduler_plugin, description, 32) F(cairn_scheduler_plugin, keys, 40) F(cairn_scheduler_plugin, capabilities, 48) \
    F(cairn_scheduler_plugin, configure, 56) F(cairn_scheduler_plugin, start, 64) F(cairn_scheduler_plugin, stop, 72) \
    F(cairn_scheduler_plugin, destroy, 80) F(cairn_scheduler_plugin, health, 88) F(cairn_scheduler_plugin, filter, 96) \
    F(cairn_scheduler_plugin, weigh, 104) \
    S(cairn_http, 176) \
    F(cairn_http, size, 0) F(cairn_http, reserved, 4) F(cairn_http, method, 8) F(cairn_http, path, 16) F(cairn_http, full_path, 24) \
    F(cairn_http, query, 32) F(cairn_http, header, 40) F(cairn_http, client_address, 48) F(cairn_http, request_id, 56) \
    F(cairn_http, content_length, 64) F(cairn_http, set_request_header, 72) F(cairn_http, set_path, 80) F(cairn_http, set_note, 88) \
    F(cairn_http, note, 96) F(cairn_http, set_body_limit, 104) F(cairn_http, reply, 112) F(cairn_http, fault, 120) \
    F(cairn_http, status, 128) F(cairn_http, reply_header, 136) F(cairn_http, set_reply_header, 144) F(cairn_http, authenticate, 152) \
    F(cairn_http, is_public, 160) F(cairn_http, base_url, 168) \
    S(cairn_filter_plugin, 112) \
    F(cairn_filter_plugin, abi, 0) F(cairn_filter_plugin, table_size, 4) F(cairn_filter_plugin, kind, 8) \
    F(cairn_filter_plugin, threads, 12) F(cairn_filter_plugin, name, 16) F(cairn_filter_plugin, version, 24) \
    F(cairn_filter_plugin, description, 32) F(cairn_filter_plugin, keys, 40) F(cairn_filter_plugin, capabilities, 48) \
    F(cairn_filter_plugin, configure, 56) F(cairn_filter_plugin, start, 64) F(cairn_filter_plugin, stop, 72) \
    F(cairn_filter_plugin, destroy, 80) F(cairn_filter_plugin, health, 88) F(cairn_filter_plugin, before, 96) \
    F(cairn_filter_plugin, after, 104)

#define ABI_V1_NUMBERS \
    N(CAIRN_COMPUTE, 1) N(CAIRN_STORAGE, 2) N(CAIRN_NETWORK, 3) N(CAIRN_FILTER, 4) N(CAIRN_SCHEDULER, 5) N(CAIRN_CATALOG, 6) \
    N(CAIRN_NOTIFY, 7) N(CAIRN_AUTH, 8) N(CAIRN_THREADS_SERIAL, 0) N(CAIRN_THREADS_PER_OBJECT, 1) N(CAIRN_THREADS_PARALLEL, 2) \
    N(CAIRN_LOG_ERROR, 0) N(CAIRN_LOG_WARN, 1) N(CAIRN_LOG_INFO, 2) N(CAIRN_LOG_DEBUG, 3) N(CAIRN_KEY_STRING, 0) N(CAIRN_KEY_INT, 1) \
    N(CAIRN_KEY_BOOL, 2) N(CAIRN_KEY_SIZE, 3) N(CAIRN_KEY_DURATION, 4) N(CAIRN_KEY_PATH, 5) N(CAIRN_KEY_SECRET, 6) N(CAIRN_KEY_LIST, 7) \
    N(CAIRN_EVENT_SERVER_STATE, 1) N(CAIRN_EVENT_SERVER_GONE, 2) N(CAIRN_EVENT_VOLUME_ERROR, 3) N(CAIRN_EVENT_PORT_STATE, 4) \
    N(CAIRN_EVENT_DRIVER_LOST, 5) N(CAIRN_EVENT_DRIVER_BACK, 6) N(CAIRN_KEY_REQUIRED, 1) N(CAIRN_CHILD_ANY_STATUS, 1) \
    N(CAIRN_CONN_FILE, 1) N(CAIRN_CONN_BLOCK, 2) N(CAIRN_CONN_RBD, 3) N(CAIRN_CONN_NBD, 4) N(CAIRN_FORMAT_RAW, 1) \
    N(CAIRN_FORMAT_QCOW2, 2) N(CAIRN_OK, 0) N(CAIRN_INVALID, 1) N(CAIRN_NOT_FOUND, 2) N(CAIRN_EXISTS, 3) N(CAIRN_CONFLICT, 4) \
    N(CAIRN_DENIED, 5) N(CAIRN_UNAUTHENTICATED, 6) N(CAIRN_OVER_QUOTA, 7) N(CAIRN_NO_SPACE, 8) N(CAIRN_UNSUPPORTED, 9) \
    N(CAIRN_UNAVAILABLE, 10) N(CAIRN_TIMEOUT, 11) N(CAIRN_CANCELLED, 12) N(CAIRN_CORRUPT, 13) N(CAIRN_INTERNAL, 14) \
    N(CAIRN_TOO_LARGE, 15) N(CAIRN_RATE_LIMITED, 16) N(CAIRN_NO_HOST, 17) N(CAIRN_NOT_ACCEPTABLE, 18) N(CAIRN_GONE, 19) \
    N(CAIRN_POWER_NONE, 0) N(CAIRN_POWER_RUNNING, 1) N(CAIRN_POWER_PAUSED, 3) N(CAIRN_POWER_SHUTDOWN, 4) N(CAIRN_POWER_CRASHED, 6) \
    N(CAIRN_POWER_SUSPENDED, 7) N(CAIRN_DISK_ROOT, 1) N(CAIRN_DISK_EPHEMERAL, 2) N(CAIRN_DISK_SWAP, 3) N(CAIRN_DISK_VOLUME, 4) \
    N(CAIRN_DISK_CONFIG, 5) N(CAIRN_DISK_RESCUE, 6) N(CAIRN_BUS_DEFAULT, 0) N(CAIRN_BUS_VIRTIO, 1) N(CAIRN_BUS_SCSI, 2) \
    N(CAIRN_BUS_IDE, 3) N(CAIRN_BUS_SATA, 4) N(CAIRN_BUS_USB, 5) N(CAIRN_NIC_TAP, 1) N(CAIRN_NIC_BRIDGE, 2) N(CAIRN_NIC_OVS, 3) \
    N(CAIRN_NIC_VETH, 4) N(CAIRN_GRAPHICS_NONE, 0) N(CAIRN_GRAPHICS_VNC, 1) N(CAIRN_GRAPHICS_SPICE, 2) N(CAIRN_CONSOLE_VNC, 1) \
    N(CAIRN_CONSOLE_SPICE, 2) N(CAIRN_CONSOLE_SERIAL, 3) N(CAIRN_REBOOT_SOFT, 0) N(CAIRN_REBOOT_HARD, 1) N(CAIRN_COMPUTE_CAN_SUSPEND, 1) \
    N(CAIRN_COMPUTE_CAN_PAUSE, 2) N(CAIRN_COMPUTE_CAN_HOTPLUG_DISK, 4) N(CAIRN_COMPUTE_CAN_HOTPLUG_NIC, 8) \
    N(CAIRN_COMPUTE_CAN_LIVE_MIGRATE, 16) N(CAIRN_COMPUTE_CAN_RESCUE, 32) N(CAIRN_COMPUTE_ROOT_TREES, 64) \
    N(CAIRN_COMPUTE_SIMULATED, 128) N(CAIRN_DISK_CDROM, 1) N(CAIRN_DISK_READ_ONLY, 2) N(CAIRN_DISK_SHAREABLE, 4) N(CAIRN_SOURCE_NONE, 0) \
    N(CAIRN_SOURCE_IMAGE, 1) N(CAIRN_SOURCE_VOLUME, 2) N(CAIRN_SOURCE_SNAPSHOT, 3) N(CAIRN_SOURCE_CONNECTION, 4) \
    N(CAIRN_STORAGE_CAN_VOLUMES, 1) N(CAIRN_STORAGE_CAN_IMAGES, 2) N(CAIRN_STORAGE_CAN_BLOBS, 4) N(CAIRN_STORAGE_CAN_CLONE, 8) \
    N(CAIRN_STORAGE_CAN_SNAPSHOT, 16) N(CAIRN_STORAGE_CAN_REVERT, 32) N(CAIRN_STORAGE_SHARED, 64) N(CAIRN_STORAGE_SIMULATED, 128) \
    N(CAIRN_NET_LOCAL, 1) N(CAIRN_NET_FLAT, 2) N(CAIRN_NET_VLAN, 3) N(CAIRN_NET_VXLAN, 4) N(CAIRN_NET_GENEVE, 5) \
    N(CAIRN_NETWORK_CAN_DHCP, 1) N(CAIRN_NETWORK_CAN_SECURITY, 2) N(CAIRN_NETWORK_CAN_ROUTER, 4) N(CAIRN_NETWORK_CAN_FLOATING_IP, 8) \
    N(CAIRN_NETWORK_CAN_QOS, 16) N(CAIRN_NETWORK_CAN_METADATA, 32) N(CAIRN_NETWORK_SIMULATED, 64) N(CAIRN_FILTER_PASS, 0) \
    N(CAIRN_FILTER_REPLIED, 1)
