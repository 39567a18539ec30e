// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { constants } from 'node:os';
import { Refused } from '../netlink/socket.js';

const ADVICE: Record<string, string> = {
  EPERM: 'run the agent with CAP_NET_ADMIN in the initial user namespace',
  EBUSY: 'somebody still uses it; try again once they are done',
  ENOMEM: 'the kernel is out of memory',
  ENOENT: 'it is not there (any more)',
  EEXIST: 'it is there already',
  ENOKEY: 'it was given no key since it was registered',
  EOPNOTSUPP: 'the loaded core module does not know this; is it older than the agent?',
};

/** What went wrong in the kernel, or on the way to it, for whoever has to mend it. */
export function kernelError(action: string, cause: unknown): L45Error {
  if (!(cause instanceof Refused)) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new L45Error('KERNEL', `cannot ${action}: ${reason}`, [], { cause });
  }
  const { errno, message } = cause.refusal;
  const name = errnoName(errno);
  const words = [message, ADVICE[name]].filter(Boolean).join('; ');
  const text = `the kernel refuses to ${action}: ${words ? `${words} (${name})` : name}`;
  return new L45Error('KERNEL', text, [{ message: message ?? name, errno: name }], { cause });
}

/** Whether the kernel refused with this errno. */
export const isRefusal = (error: unknown, errno: string): boolean =>
  error instanceof L45Error && error.details[0]?.['errno'] === errno;

/** ENOKEY and the like are Linux' own, which Node does not name. */
const LINUX: Record<number, string> = { 126: 'ENOKEY' };

const errnoName = (errno: number): string =>
  Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ??
  LINUX[errno] ??
  `errno ${errno}`;
