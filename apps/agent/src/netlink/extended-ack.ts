// SPDX-License-Identifier: Apache-2.0
import koffi from 'koffi';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NETLINK_GENERIC = '16';

const setsockopt = koffi
  .load(null)
  .func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)') as (
  fd: number,
  level: number,
  name: number,
  value: number[],
  length: number,
) => number;

/**
 * Lets the kernel say in words what it refuses. The binding neither offers the option nor tells
 * its file descriptor, so that is found by the socket's port.
 */
export function askForExtendedAcks(port: number): void {
  const fd = descriptorOf(port);
  if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, [1], 4) !== 0) {
    throw new Error(`the kernel offers no extended acknowledgements (errno ${koffi.errno()})`);
  }
}

function descriptorOf(port: number): number {
  const rows = readFileSync('/proc/net/netlink', 'utf8').split('\n');
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const inode = fields.find(([, protocol, owner]) => {
    return protocol === NETLINK_GENERIC && owner === String(port);
  })?.[9];
  const fd = readdirSync('/proc/self/fd').find((name) => leadsTo(name, `socket:[${inode}]`));
  if (fd === undefined) throw new Error(`no descriptor of netlink port ${port} in /proc/self/fd`);
  return Number(fd);
}

/** The descriptor that listed the folder is closed by now. */
function leadsTo(name: string, target: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${name}`) === target;
  } catch {
    return false;
  }
}
