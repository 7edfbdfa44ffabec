-- 0022-image-metadefs-standard.sql: definitions that clients expect to find: names as everybody uses them, words of our own.

insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Cinder::Volume', 1704067200000000, 1704067200000000);
insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Glance::Image', 1704067200000000, 1704067200000000);
insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Nova::Aggregate', 1704067200000000, 1704067200000000);
insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Nova::Flavor', 1704067200000000, 1704067200000000);
insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Nova::Server', 1704067200000000, 1704067200000000);
insert into metadef_resource_types (name, created_us, updated_us) values ('OS::Trove::Instance', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::Libvirt', 'libvirt options', 'Choices for guests that libvirt runs.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::Libvirt', 'OS::Glance::Image', 'hw_', null, 1704067200000000, 1704067200000000),
    ('OS::Compute::Libvirt', 'OS::Nova::Flavor', 'hw:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::Libvirt', 'property', 'serial_port_count', '{"title":"Serial ports","description":"How many serial ports a guest has.","type":"integer","minimum":0}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Libvirt', 'property', 'boot_menu', '{"title":"Boot menu","description":"Whether the firmware shows a boot menu.","type":"string","enum":["true","false"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Libvirt', 'property', 'mem_encryption', '{"title":"Memory encryption","description":"Whether the memory of the guest is encrypted by the processor.","type":"string","enum":["true","false"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::LibvirtImage', 'libvirt options of images', 'How guests made of an image are presented to their operating system.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::LibvirtImage', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'OS::Cinder::Volume', null, 'image', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::LibvirtImage', 'property', 'hw_disk_bus', '{"title":"Disk bus","description":"Bus that the disks of a guest are attached to.","type":"string","enum":["scsi","virtio","uml","xen","ide","usb","fdc","sata"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_cdrom_bus', '{"title":"CD-ROM bus","description":"Bus that CD-ROM drives are attached to.","type":"string","enum":["scsi","virtio","ide","usb","sata"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_vif_model', '{"title":"Network card","description":"Model of network card that a guest sees.","type":"string","enum":["e1000","e1000e","ne2k_pci","pcnet","rtl8139","virtio","vmxnet3"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_rng_model', '{"title":"Random numbers","description":"Model of the source of random numbers.","type":"string","enum":["virtio"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_machine_type', '{"title":"Machine","description":"Machine type that QEMU emulates.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_scsi_model', '{"title":"SCSI controller","description":"Model of the SCSI controller.","type":"string","default":"virtio-scsi"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_video_model', '{"title":"Graphics card","description":"Model of graphics card.","type":"string","enum":["vga","cirrus","vmvga","xen","qxl","virtio","gop","bochs","none"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_video_ram', '{"title":"Video memory","description":"MiB of memory of the graphics card.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_qemu_guest_agent', '{"title":"Guest agent","description":"Whether a channel to the QEMU guest agent is offered.","type":"string","enum":["yes","no"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'hw_vif_multiqueue_enabled', '{"title":"Several queues","description":"Whether a network card has one queue for each processor.","type":"string","enum":["true","false"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'os_require_quiesce', '{"title":"Quiesce","description":"Whether file systems must be quiesced for a snapshot.","type":"string","enum":["yes","no"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::LibvirtImage', 'property', 'os_command_line', '{"title":"Kernel command line","description":"Arguments for the kernel of an image that has one beside it.","type":"string"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::VirtCPUTopology', 'Processor topology', 'How the processors of a guest are grouped.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::VirtCPUTopology', 'OS::Glance::Image', 'hw_', null, 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'OS::Cinder::Volume', 'hw_', 'image', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'OS::Nova::Flavor', 'hw:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_sockets', '{"title":"Sockets","description":"Sockets to show to the guest.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_cores', '{"title":"Cores","description":"Cores of each socket.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_threads', '{"title":"Threads","description":"Threads of each core.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_max_sockets', '{"title":"Most sockets","description":"Most sockets that a guest may be given.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_max_cores', '{"title":"Most cores","description":"Most cores of a socket.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::VirtCPUTopology', 'property', 'cpu_max_threads', '{"title":"Most threads","description":"Most threads of a core.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::CPUPinning', 'Processor pinning', 'Whether the processors of a guest have processors of the host for themselves.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::CPUPinning', 'OS::Glance::Image', 'hw_', null, 1704067200000000, 1704067200000000),
    ('OS::Compute::CPUPinning', 'OS::Nova::Flavor', 'hw:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::CPUPinning', 'property', 'cpu_policy', '{"title":"Policy","description":"Shared: processors float; dedicated: each has one of the host.","type":"string","enum":["shared","dedicated","mixed"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::CPUPinning', 'property', 'cpu_thread_policy', '{"title":"Siblings","description":"How threads of one core are handed out to dedicated processors.","type":"string","enum":["isolate","prefer","require"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::GuestMemoryBacking', 'Memory backing', 'Pages that the memory of a guest is made of.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::GuestMemoryBacking', 'OS::Glance::Image', 'hw_', null, 1704067200000000, 1704067200000000),
    ('OS::Compute::GuestMemoryBacking', 'OS::Nova::Flavor', 'hw:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::GuestMemoryBacking', 'property', 'mem_page_size', '{"title":"Page size","description":"small, large, any, or a size such as 2MB.","type":"string"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::Quota', 'Quotas of a flavor', 'Limits on what a guest takes of its host.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::Quota', 'OS::Nova::Flavor', 'quota:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::Quota', 'property', 'cpu_shares', '{"title":"Processor shares","description":"Weight against other guests.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'cpu_quota', '{"title":"Processor time","description":"Microseconds of processor time in each period.","type":"integer","minimum":-1}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'cpu_period', '{"title":"Period","description":"Length of the period in microseconds.","type":"integer","minimum":1000,"maximum":1000000}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'disk_read_bytes_sec', '{"title":"Bytes read","description":"Bytes read from disks each second.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'disk_write_bytes_sec', '{"title":"Bytes written","description":"Bytes written to disks each second.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'disk_read_iops_sec', '{"title":"Reads","description":"Reads from disks each second.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'disk_write_iops_sec', '{"title":"Writes","description":"Writes to disks each second.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'vif_inbound_average', '{"title":"Bytes received","description":"KiB received each second, on average.","type":"integer"}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Quota', 'property', 'vif_outbound_average', '{"title":"Bytes sent","description":"KiB sent each second, on average.","type":"integer"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::RandomNumberGenerator', 'Random numbers', 'A source of random numbers of the host for guests.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::RandomNumberGenerator', 'OS::Nova::Flavor', 'hw_rng:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::RandomNumberGenerator', 'property', 'allowed', '{"title":"Allowed","description":"Whether guests may use it.","type":"string","enum":["True","False"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::RandomNumberGenerator', 'property', 'rate_bytes', '{"title":"Bytes","description":"Bytes that a guest may take in each period.","type":"integer","minimum":0}', 1704067200000000, 1704067200000000),
    ('OS::Compute::RandomNumberGenerator', 'property', 'rate_period', '{"title":"Period","description":"Length of the period in milliseconds.","type":"integer","minimum":1}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::Watchdog', 'Watchdog', 'What happens when a guest stops feeding its watchdog.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::Watchdog', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000),
    ('OS::Compute::Watchdog', 'OS::Nova::Flavor', null, null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::Watchdog', 'property', 'hw_watchdog_action', '{"title":"Action","description":"What is done to the guest.","type":"string","enum":["disabled","reset","poweroff","pause","none"],"default":"disabled"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::Hypervisor', 'Hypervisor', 'Kind of hypervisor that an image or a group of hosts is about.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::Hypervisor', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000),
    ('OS::Compute::Hypervisor', 'OS::Nova::Aggregate', null, null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::Hypervisor', 'property', 'hypervisor_type', '{"title":"Type","description":"Kind of hypervisor.","type":"string","enum":["baremetal","hyperv","kvm","lxc","qemu","uml","vmware","xen"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::Hypervisor', 'property', 'vm_mode', '{"title":"Interface","description":"Interface between guest and hypervisor.","type":"string","enum":["hvm","xen","uml","exe"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::HostCapabilities', 'Capabilities of hosts', 'What a host must have to run guests of a flavor.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::HostCapabilities', 'OS::Nova::Flavor', 'capabilities:', null, 1704067200000000, 1704067200000000),
    ('OS::Compute::HostCapabilities', 'OS::Nova::Aggregate', 'aggregate_instance_extra_specs:', null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::HostCapabilities', 'property', 'cpu_info:vendor', '{"title":"Vendor","description":"Maker of the processor.","type":"string","operators":["<in>"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::HostCapabilities', 'property', 'cpu_info:model', '{"title":"Model","description":"Model of the processor.","type":"string","operators":["<in>"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::HostCapabilities', 'property', 'cpu_info:arch', '{"title":"Architecture","description":"Architecture of the processor.","type":"string","operators":["<in>"]}', 1704067200000000, 1704067200000000),
    ('OS::Compute::HostCapabilities', 'property', 'cpu_info:features', '{"title":"Features","description":"Flags of the processor.","type":"array","items":{"type":"string"},"operators":["<in>","<all-in>"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Compute::InstanceData', 'Data of instances', 'How guests get their data.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Compute::InstanceData', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000),
    ('OS::Compute::InstanceData', 'OS::Nova::Server', 'scheduler_hints', 'metadata', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Compute::InstanceData', 'property', 'img_config_drive', '{"title":"Configuration drive","description":"Whether a guest must be given a configuration drive.","type":"string","enum":["optional","mandatory"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Glance::CommonImageProperties', 'Common image properties', 'What most images tell of themselves.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Glance::CommonImageProperties', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Glance::CommonImageProperties', 'property', 'kernel_id', '{"title":"Kernel","description":"Id of the image that holds the kernel.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::CommonImageProperties', 'property', 'ramdisk_id', '{"title":"RAM disk","description":"Id of the image that holds the initial RAM disk.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::CommonImageProperties', 'property', 'instance_uuid', '{"title":"Instance","description":"Id of the server that this image was made of.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::CommonImageProperties', 'property', 'architecture', '{"title":"Architecture","description":"Architecture of processors that the image runs on.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::CommonImageProperties', 'property', 'os_distro', '{"title":"Distribution","description":"Distribution in lower case, such as debian.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::CommonImageProperties', 'property', 'os_version', '{"title":"Version","description":"Version as its distributor tells it.","type":"string"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Glance::Signatures', 'Image signatures', 'A signature of the image and the certificate that proves it.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Glance::Signatures', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Glance::Signatures', 'property', 'img_signature', '{"title":"Signature","description":"The signature in base64.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::Signatures', 'property', 'img_signature_certificate_uuid', '{"title":"Certificate","description":"Id of the certificate in the key manager.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Glance::Signatures', 'property', 'img_signature_hash_method', '{"title":"Hash","description":"Hash that was signed.","type":"string","enum":["SHA-224","SHA-256","SHA-384","SHA-512"]}', 1704067200000000, 1704067200000000),
    ('OS::Glance::Signatures', 'property', 'img_signature_key_type', '{"title":"Key","description":"Kind of key.","type":"string","enum":["DSA","ECC_SECP384R1","ECC_SECP521R1","RSA-PSS"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::OperatingSystem', 'Operating system', 'What runs inside.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::OperatingSystem', 'OS::Glance::Image', null, null, 1704067200000000, 1704067200000000),
    ('OS::OperatingSystem', 'OS::Cinder::Volume', null, 'image', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::OperatingSystem', 'property', 'os_distro', '{"title":"Distribution","description":"Distribution in lower case, such as debian.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::OperatingSystem', 'property', 'os_version', '{"title":"Version","description":"Version as its distributor tells it.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::OperatingSystem', 'property', 'os_type', '{"title":"Family","description":"Family of operating systems.","type":"string","enum":["linux","windows"]}', 1704067200000000, 1704067200000000),
    ('OS::OperatingSystem', 'property', 'os_admin_user', '{"title":"Login","description":"Name of the account to log in to.","type":"string"}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Cinder::Volumetype', 'Volume types', 'What volume types ask of the storage behind them.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Cinder::Volumetype', 'OS::Cinder::Volume', null, null, 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Cinder::Volumetype', 'property', 'volume_backend_name', '{"title":"Back end","description":"Name of the back end that has volumes of this type.","type":"string"}', 1704067200000000, 1704067200000000),
    ('OS::Cinder::Volumetype', 'property', 'multiattach', '{"title":"Several servers","description":"Whether a volume may be attached to several servers.","type":"string","enum":["<is> True","<is> False"]}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Software::DBMS', 'Databases', 'Database systems that are installed.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Software::DBMS', 'OS::Glance::Image', 'sw_database_', null, 1704067200000000, 1704067200000000),
    ('OS::Software::DBMS', 'OS::Nova::Server', 'sw_database_', 'metadata', 1704067200000000, 1704067200000000),
    ('OS::Software::DBMS', 'OS::Cinder::Volume', 'sw_database_', 'image', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Software::DBMS', 'object', 'MySQL', '{"description":"The MySQL database.","required":[],"properties":{"sw_database_mysql_version":{"title":"Version","description":"Version of MySQL.","type":"string"},"sw_database_mysql_listen_port":{"title":"Port","description":"TCP port that it listens on.","type":"integer","minimum":1,"maximum":65535,"default":3306}}}', 1704067200000000, 1704067200000000),
    ('OS::Software::DBMS', 'object', 'PostgreSQL', '{"description":"The PostgreSQL database.","required":[],"properties":{"sw_database_postgresql_version":{"title":"Version","description":"Version of PostgreSQL.","type":"string"},"sw_database_postgresql_listen_port":{"title":"Port","description":"TCP port that it listens on.","type":"integer","minimum":1,"maximum":65535,"default":5432}}}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Software::WebServers', 'Web servers', 'Web servers that are installed.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Software::WebServers', 'OS::Glance::Image', 'sw_webserver_', null, 1704067200000000, 1704067200000000),
    ('OS::Software::WebServers', 'OS::Nova::Server', 'sw_webserver_', 'metadata', 1704067200000000, 1704067200000000),
    ('OS::Software::WebServers', 'OS::Cinder::Volume', 'sw_webserver_', 'image', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Software::WebServers', 'object', 'Apache HTTP Server', '{"description":"The HTTP server of the Apache foundation.","required":[],"properties":{"sw_webserver_apache_version":{"title":"Version","description":"Version of the server.","type":"string"},"sw_webserver_apache_http_port":{"title":"Port","description":"TCP port that it listens on.","type":"integer","minimum":1,"maximum":65535,"default":80}}}', 1704067200000000, 1704067200000000),
    ('OS::Software::WebServers', 'object', 'Nginx', '{"description":"The nginx web server.","required":[],"properties":{"sw_webserver_nginx_version":{"title":"Version","description":"Version of the server.","type":"string"},"sw_webserver_nginx_http_port":{"title":"Port","description":"TCP port that it listens on.","type":"integer","minimum":1,"maximum":65535,"default":80}}}', 1704067200000000, 1704067200000000);

insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us) values
    ('OS::Software::Runtimes', 'Runtimes', 'Languages whose programs can run.', 'public', 1, 'admin', 1704067200000000, 1704067200000000);
insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us) values
    ('OS::Software::Runtimes', 'OS::Glance::Image', 'sw_runtime_', null, 1704067200000000, 1704067200000000),
    ('OS::Software::Runtimes', 'OS::Nova::Server', 'sw_runtime_', 'metadata', 1704067200000000, 1704067200000000),
    ('OS::Software::Runtimes', 'OS::Cinder::Volume', 'sw_runtime_', 'image', 1704067200000000, 1704067200000000);
insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values
    ('OS::Software::Runtimes', 'object', 'Java', '{"description":"Programs for the Java machine.","required":[],"properties":{"sw_runtime_java_version":{"title":"Version","description":"Version of Java.","type":"string"},"sw_runtime_java_vendor":{"title":"Vendor","description":"Who made this Java.","type":"string"}}}', 1704067200000000, 1704067200000000),
    ('OS::Software::Runtimes', 'object', 'Python', '{"description":"Programs in Python.","required":[],"properties":{"sw_runtime_python_version":{"title":"Version","description":"Version of Python.","type":"string"}}}', 1704067200000000, 1704067200000000);
