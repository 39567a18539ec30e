// SPDX-License-Identifier: Apache-2.0

/** What a kernel says when its code, or a module's, is wrong. */
const PROBLEM = new RegExp(
  [
    'BUG: ',
    'kernel BUG at',
    'WARNING: ',
    'Oops: ',
    'general protection fault',
    'scheduling while atomic',
    'sleeping function called from invalid context',
    'unregister_netdevice: waiting',
    'rcu: INFO: .*(stall|detected)',
    'soft lockup|hard LOCKUP',
    'blocked for more than \\d+ seconds',
    'refcount_t: ',
    'list_(add|del) corruption',
    'UBSAN: |KASAN: |KCSAN: ',
    'possible (circular|recursive) locking',
    'suspicious RCU usage',
    'page allocation failure',
    'Kernel panic',
    'sysrq: Trigger a crash',
    'kmemleak: \\d+ new suspected',
  ].join('|'),
);

const REPORT_LINES = 40;

/** One report per problem in a console's log: the line that names it and what follows. */
export function kernelProblems(log: string): string[] {
  const lines = log.split(/\r?\n/);
  const starts = lines.flatMap((line, at) => (PROBLEM.test(line) ? [at] : []));
  return starts.map((start, n) => {
    const end = Math.min(starts[n + 1] ?? lines.length, start + REPORT_LINES);
    return lines.slice(start, end).join('\n').trimEnd();
  });
}
