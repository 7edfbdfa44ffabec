/* power.S: the smallest guest that behaves: one boot sector that says "login:" on the serial port, powers off when the power
 * button is pressed and lets go of hot-plugged PCI devices.  Polls once per timer tick (18 a second); runs on pc and q35 with SeaBIOS. */
    .code16
    .globl _start
_start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    movw $greeting, %si
1:  lodsb
    testb %al, %al
    jz 2f
    movw $0x3f8, %dx            /* COM1 */
    outb %al, %dx
    jmp 1b
2:  movw $0x602, %dx            /* PM1 enable: without it QEMU drops the button */
    movw $0x100, %ax
    outw %ax, %dx
    sti
tick:
    hlt
    movw $0xae04, %dx           /* slots whose device the host wants back (pc only: elsewhere all ones) */
    inl %dx, %eax
    leal 1(%eax), %ecx
    cmpl $1, %ecx               /* 0 or all ones: nothing */
    jbe 3f
    movw $0xae08, %dx           /* eject them */
    outl %eax, %dx
3:  movw $0x600, %dx            /* PM1 status */
    inw %dx, %ax
    testb $1, %ah
    jz tick
    movw $0x604, %dx            /* PM1 control: soft off */
    movw $0x2000, %ax
    outw %ax, %dx
    jmp tick
greeting:
    .asciz "power login: \r\n"
    .org 510
    .word 0xaa55
