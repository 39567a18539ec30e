// SPDX-License-Identifier: Apache-2.0
import { eventually } from '@l45/bus/testing';
import type { AssignedEnd } from '@l45/contracts';
import dnsPacket from 'dns-packet';
import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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

/** A query as dns_tag sends it. */
function message(application: string, name: string): Buffer {
  const id = Buffer.alloc(16);
  id.write(application);
  const query = dnsPacket.encode({
    type: 'query',
    id: 7,
    questions: [{ type: 'A', class: 'IN', name }],
  });
  return Buffer.concat([Buffer.alloc(16, 0x4d), id, query]);
}

/** The same, in a capture. */
const tagged = (application: string, name: string): Buffer =>
  new Conversation(53).udp(message(application, name)).toBuffer();

const END: AssignedEnd = { role: 'client', match: { remote: { ports: ['53'] } } };

describe('applications in a capture', () => {
  let folder: string;
  let applications: Applications;
  /** Has the inverse module of dns_tag loaded. */
  let install: () => Promise<void>;

  const watch = (capture: string) => {
    const config = Object.assign(new MiddleboxConfig(), {
      L45_STATE_DIR: folder,
      L45_CAPTURE: capture,
    });
    const wireshark = new WiresharkType(join(folder, 'plugins'));
    const loader = { events: new EventEmitter<{ installed: [string] }>() };
    applications = new Applications(config, wireshark, loader as unknown as InverseLoader);
    install = async () => {
      const params = { app_id: '', position: 'front', responses: false };
      const described = { deployment: DEPLOYMENT, name: 'tag', customization: 'dns_tag', params };
      const files = ['inverse/wireshark/l45.lua', 'customizations/dns_tag/inverse/wireshark.lua'];
      const paths = files.map((path) => join(KERNEL, path));
      await wireshark.install(
        [{ ...described, priority: 100, ends: [END] }],
        [{ customization: 'dns_tag', type: 'wireshark', files: [], paths }],
      );
      loader.events.emit('installed', 'wireshark');
    };
    applications.onApplicationBootstrap();
  };
  const seen = (count: number) =>
    eventually(() => {
      const list = applications.list();
      if (list.reduce((sum, one) => sum + one.count, 0) < count)
        throw new Error(`only ${JSON.stringify(list)}`);
      return list;
    }, PATIENCE_MS);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-applications-'));
  });
  afterEach(async () => {
    applications.onModuleDestroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('are told with what they ask for, as it grows and modules change', async () => {
    const capture = join(folder, 'capture.pcap');
    watch(capture);
    await writeFile(capture, tagged('dig', 'one.test'));
    await install();
    const dig = { deployment: DEPLOYMENT, application: 'dig', source: '10.45.0.1' };
    expect(await seen(1)).toMatchObject([{ ...dig, count: 1, query: 'one.test' }]);
    const more = async (application: string, name: string) =>
      appendFile(capture, tagged(application, name).subarray(HEADER_LENGTH));
    await more('worm', 'two.test');
    const worm = { application: 'worm', query: 'two.test' };
    expect(await seen(2)).toMatchObject([dig, worm]);
    await more('dig', 'three.test');
    const all = [worm, { ...dig, count: 2, query: 'three.test' }];
    expect(await seen(3)).toMatchObject(all);
    await install();
    expect(await seen(3)).toMatchObject(all);
  });

  it('are told on an interface, of which no capture is kept', async () => {
    const temporary = process.env['TMPDIR'];
    process.env['TMPDIR'] = folder;
    watch('lo');
    await install();
    const socket = createSocket('udp4');
    await eventually(async () => {
      socket.send(message('dig', 'one.test'), 53, '127.0.0.1');
      expect(applications.list()).toMatchObject([{ application: 'dig', source: '127.0.0.1' }]);
    }, PATIENCE_MS);
    socket.close();
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
    expect((await readdir(folder)).toSorted()).toEqual(['capture.fifo', 'plugins']);
  });
});
