// SPDX-License-Identifier: Apache-2.0
import { type Options, execa } from 'execa';
import type { Prepared } from './prepare.js';

export type Accelerator = 'kvm' | 'tcg';

/** One boot of one virtual machine. */
export interface Machine {
  accel: Accelerator;
  /** 1 instruction = 1 virtual ns, whatever else the machine does: for measuring cost. */
  icount: boolean;
  smp: number;
  memoryMb: number;
  /** Kernel command line, besides what every machine gets. */
  append: string;
}

export interface Wiring {
  /** The console's log is appended here. */
  console: string;
  /** Unix socket on which the test waits for the guest daemon. */
  control: string;
  /** Unix socket of the shared network's hub. */
  network: string;
  mac: string;
  /** A folder of the machine that the guest may write to. */
  keep?: string;
}

/**
 * quiet's level would hide WARN_ON; `sysctl.*` is applied before init; addresses are usable at
 * once; hosts say nothing on their own that a capture would have to ignore.
 */
const COMMAND_LINE = [
  'console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off nokaslr tsc=reliable',
  'no_timer_check random.trust_cpu=on cryptomgr.notests net.ifnames=0 rdinit=/init',
  'sysctl.net.ipv6.conf.default.accept_dad=0 sysctl.net.ipv6.conf.default.accept_ra=0',
  'sysctl.net.ipv6.conf.default.router_solicitations=0 printk.devkmsg=on',
].join(' ');

/** QEMU dies with the process that started it, however that one ends. */
export function startQemu(args: readonly string[], { timeout }: Pick<Options, 'timeout'> = {}) {
  return execa('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    reject: false,
    stdin: 'ignore',
    killSignal: 'SIGKILL',
    timeout,
  });
}

export function baseArguments(prepared: Prepared, machine: Machine): string[] {
  const { accel, icount, smp, memoryMb, append } = machine;
  return [
    ...['-M', 'q35', '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...(icount ? ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off'] : []),
    ...(icount ? [] : ['-accel', accel === 'tcg' ? 'tcg,thread=multi,tb-size=256' : accel]),
    // SMAP stays on: it finds bugs. Instruction counts must not depend on rep-string shortcuts.
    ...['-cpu', icount ? 'max,erms=off,fsrm=off' : 'max'],
    ...['-smp', String(smp), '-m', String(memoryMb)],
    ...['-kernel', prepared.vmlinux, '-initrd', prepared.initramfs],
    ...['-append', `${COMMAND_LINE} ${append}`],
  ];
}

export function deviceArguments({ console, control, network, mac, keep }: Wiring): string[] {
  return [
    ...['-chardev', `file,id=console,path=${console},append=on`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=control,path=${control}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=control,nr=1'],
    ...['-virtfs', 'local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap'],
    ...(keep ? ['-virtfs', `local,path=${keep},mount_tag=keep,security_model=none`] : []),
    ...['-netdev', `stream,id=shared,server=off,addr.type=unix,addr.path=${network}`],
    ...['-device', `virtio-net-pci,netdev=shared,mac=${mac},romfile=`],
    ...['-netdev', 'user,id=machine,ipv6=off'],
    ...['-device', `virtio-net-pci,netdev=machine,romfile=`],
  ];
}
