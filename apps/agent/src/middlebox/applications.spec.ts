// SPDX-License-Identifier: Apache-2.0
import { eventually } from '@l45/bus/testing';
import type { AssignedEnd } from '@l45/contracts';
import dnsPacket from 'dns-packet';
import { EventEmitter } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Applications } from './applications.js';
import type { InverseLoader } from './inverse-loader.js';
import { MiddleboxConfig } from './middlebox.config.js';
import { Conversation } from './testing/frames.js';
import { WiresharkType } from './wireshark.js';

jest.setTimeout(60_000);

const PATIENCE_MS = 40_000;
const KERNEL = join(process.cwd(), 'kernel');
const DEPLOYMENT = '4d4d4d4d-4d4d-4d4d-4d4d-4d4d4d4d4d4d';
/** Of a pcap file. */
const HEADER_LENGTH = 24;

/** A query as dns_tag sends it, in a capture. */
function tagged(application: string, name: string): Buffer {
  const id = Buffer.alloc(16);
  id.write(application);
  const query = dnsPacket.encode({
    type: 'query',
    id: 7,
    questions: [{ type: 'A', class: 'IN', name }],
  });
  return new Conversation(53).udp(Buffer.concat([Buffer.alloc(16, 0x4d), id, query])).toBuffer();
}

it('says which application asks for what, as the capture grows and modules change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'l45-applications-'));
  const capture = join(folder, 'capture.pcap');
  const config = Object.assign(new MiddleboxConfig(), {
    L45_STATE_DIR: folder,
    L45_CAPTURE: capture,
  });
  const wireshark = new WiresharkType(join(folder, 'plugins'));
  const loader = { events: new EventEmitter<{ installed: [string] }>() };
  const applications = new Applications(config, wireshark, loader as unknown as InverseLoader);
  const install = async () => {
    const end: AssignedEnd = { role: 'client', match: { remote: { ports: ['53'] } } };
    const params = { app_id: '', position: 'front', responses: false };
    const described = { deployment: DEPLOYMENT, name: 'tag', customization: 'dns_tag', params };
    const paths = ['inverse/wireshark/l45.lua', 'customizations/dns_tag/inverse/wireshark.lua'];
    await wireshark.install(
      [{ ...described, priority: 100, ends: [end] }],
      [
        {
          customization: 'dns_tag',
          type: 'wireshark',
          files: [],
          paths: paths.map((path) => join(KERNEL, path)),
        },
      ],
    );
    loader.events.emit('installed', 'wireshark');
  };
  const seen = (...expected: object[]) =>
    eventually(() => expect(applications.list()).toMatchObject(expected), PATIENCE_MS);
  applications.onApplicationBootstrap();
  try {
    await writeFile(capture, tagged('dig', 'one.test'));
    await install();
    const dig = { deployment: DEPLOYMENT, application: 'dig', source: '10.45.0.1' };
    await seen({ ...dig, count: 1, query: 'one.test' });
    await appendFile(capture, tagged('worm', 'two.test').subarray(HEADER_LENGTH));
    await seen(dig, { application: 'worm', query: 'two.test' });
    await appendFile(capture, tagged('dig', 'three.test').subarray(HEADER_LENGTH));
    await seen({ application: 'worm' }, { ...dig, count: 2, query: 'three.test' });
    await install();
    await seen({ application: 'worm' }, { ...dig, count: 2 });
  } finally {
    applications.onModuleDestroy();
    await rm(folder, { recursive: true, force: true });
  }
});
