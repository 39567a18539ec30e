// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises';
import type { Fleet, HostName } from '../fleet/index.js';

const isHost = (fleet: Fleet, name: string): name is HostName => name in fleet.hosts;

/** Leaves the fleet to the user: lines of `<host> <command>` are run in that host, until the end. */
export async function readCommands(fleet: Fleet): Promise<void> {
  console.log(`
Everything keeps running. From another terminal:

  export NATS_URL=${fleet.stack.nats.url}
  nats micro ls
  nats req l45.monitor.hosts ''

  tail -f ${fleet.stack.logs}/*.log
  tshark -r ${fleet.testbed.capture.file}

And here, a command in a virtual host; Ctrl-C, or Ctrl-D, ends everything:

  client dig @10.45.0.2 www.example.test
  dns-server cat /proc/modules
`);
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  lines.on('SIGINT', () => process.emit('SIGINT'));
  lines.prompt();
  for await (const line of lines) {
    const [host = '', ...command] = line.trim().split(/\s+/);
    if (isHost(fleet, host) && command.length) {
      const { stdout, stderr } = await fleet.hosts[host].run('sh', ['-c', command.join(' ')]);
      process.stdout.write(stdout + stderr);
    } else if (host) {
      console.log(`the hosts are: ${Object.keys(fleet.hosts).join(', ')}`);
    }
    lines.prompt();
  }
}
