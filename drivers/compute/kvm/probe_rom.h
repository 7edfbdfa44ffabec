/* probe_rom.h: the guest that shows whether KVM runs guests; see probe_rom.c. */
#ifndef CAIRN_KVM_PROBE_ROM_H
#define CAIRN_KVM_PROBE_ROM_H

#define KVM_PROBE_ROM_SIZE   65536
#define KVM_PROBE_VALUE      0x15       /* written to port 0xf4 at the end: QEMU then ends with (value << 1) | 1 */
#define KVM_PROBE_VALUE_TEXT "0x15"
#define KVM_PROBE_SUM        "0xcd22a76ecc8d7081"       /* 3^100000 modulo 2^64 */

void kvm_probe_rom(unsigned char rom[KVM_PROBE_ROM_SIZE]);

#endif
