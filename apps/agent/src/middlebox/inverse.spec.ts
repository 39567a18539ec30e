// SPDX-License-Identifier: Apache-2.0
import type { Assignment } from '@l45/contracts';
import dnsPacket from 'dns-packet';
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalModule } from './inverse-type.js';
import { PcapType } from './pcap.js';
import { Conversation } from './testing/frames.js';
import { WiresharkType } from './wireshark.js';

jest.setTimeout(120_000);

const run = promisify(execFile);
const KERNEL = join(process.cwd(), 'kernel');
/** l45-run makes marks of one byte. */
const MARK = 0x4d;
const DEPLOYMENT = '4d4d4d4d-4d4d-4d4d-4d4d-4d4d4d4d4d4d';
const NAMES = ['app_id', 'dns_compress', 'dns_tag', 'stream_tag', 'xor_dialect'];
const KEY = '000102030405060708090a0b0c0d0e0f';

let folder: string;
let wireshark: WiresharkType;
let pcap: PcapType;

const local = (customization: string, type: string, paths: string[]): LocalModule => ({
  customization,
  type,
  files: paths.map((name) => ({ name, digest: '', size: 1 })),
  paths,
});

const assignment = (
  customization: string,
  params: Record<string, unknown>,
  ports: string[],
): Assignment => ({
  deployment: DEPLOYMENT,
  name: 'under-test',
  customization,
  params,
  priority: 100,
  ends: [
    { role: 'client', match: { remote: { ports } } },
    { role: 'server', match: { protocols: ['tcp', 'udp'], local: { ports } } },
  ],
});

const luaModule = (name: string) =>
  local(name, 'wireshark', [
    join(KERNEL, 'inverse/wireshark/l45.lua'),
    join(KERNEL, `customizations/${name}/inverse/wireshark.lua`),
  ]);

const pcapModule = (name: string) =>
  local(name, 'pcap', [join(folder, 'l45-pcap'), join(folder, `${name}.so`)]);

/** What the customization makes of bytes; all parameters for C are text. */
function customized(name: string, transport: 'udp' | 'tcp', bytes: Buffer, params: string[] = []) {
  const parameters = [join(folder, `${name}.so`), 'egress', transport, 'client', `${MARK}`];
  const { stdout, stderr, status } = spawnSync(
    join(folder, 'l45-run'),
    [...parameters, ...params],
    { input: bytes, maxBuffer: 1 << 24 },
  );
  if (status !== 0) throw new Error(String(stderr));
  return stdout;
}

/** Rows of tshark's fields, one for each packet. */
async function tshark(
  capture: Buffer,
  fields: string[],
  script?: string,
  more: string[] = [],
): Promise<string[][]> {
  const file = join(folder, 'capture.pcap');
  await writeFile(file, capture);
  const inverse = script ? ['-X', `lua_script:${script}`] : [];
  const wanted = ['-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const { stdout } = await run('tshark', ['-r', file, ...inverse, ...wanted, ...more], {
    env: { ...process.env, HOME: folder },
  });
  const rows = stdout.split('\n').slice(0, -1);
  return rows.map((line) => line.split('\t'));
}

/** The capture as the filter gives it back. */
async function plain(capture: Buffer): Promise<Buffer> {
  const [from, to] = [join(folder, 'customized.pcap'), join(folder, 'plain.pcap')];
  await writeFile(from, capture);
  await run(join(folder, 'pcap/l45-pcap'), [join(folder, 'pcap/instances'), from, to]);
  return readFile(to);
}

const query = (name: string): Buffer =>
  dnsPacket.encode({
    type: 'query',
    id: 7,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'A', class: 'IN', name }],
  });

const withLength = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'l45-inverse-'));
  const make = (...goal: string[]) => run('make', ['-s', `OUT=${folder}`, ...goal]);
  const modules = NAMES.map((name) => join(folder, `${name}.so`));
  await make('-C', join(KERNEL, 'test/user'), join(folder, 'l45-run'), ...modules);
  await make('-C', join(KERNEL, 'inverse/pcap'));
  wireshark = new WiresharkType(join(folder, 'plugins'));
  pcap = new PcapType(join(folder, 'pcap'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function install(name: string, params: Record<string, unknown>, port: number) {
  const assignments = [assignment(name, params, [`${port}`])];
  await wireshark.install(assignments, [luaModule(name)]);
  await pcap.install(assignments, [pcapModule(name)]);
}

describe.each(['front', 'middle', 'end'])('dns_tag at the %s', (position) => {
  const params = { app_id: '', position, responses: false };
  const fields = ['l45.customization', 'l45.deployment', 'l45.app_id', 'dns.qry.name'];
  const udp = () =>
    new Conversation(53).udp(
      customized('dns_tag', 'udp', query('a.test'), [`position=${position}`]),
    );
  const tcp = () => {
    const messages = ['b.test', 'c.test'].map((name) => withLength(query(name)));
    return new Conversation(53)
      .connect()
      .tcp(
        'client',
        customized('dns_tag', 'tcp', Buffer.concat(messages), [`position=${position}`]),
      );
  };

  beforeAll(() => install('dns_tag', params, 53));

  it('is no DNS as it was, and says nothing, without an inverse', async () => {
    // With the tag at the end, there are just 32 bytes too many.
    const [row] = await tshark(udp().toBuffer(), ['dns.qry.name']);
    expect(row?.[0] === 'a.test').toBe(position === 'end');
    await expect(tshark(udp().toBuffer(), ['l45.app_id'])).rejects.toThrow('l45.app_id');
    const streams = await tshark(tcp().toBuffer(), ['dns.qry.name']);
    expect(streams.flat().join()).not.toBe('b.test,c.test');
  });

  it('is DNS and an application id in Wireshark', async () => {
    expect(await tshark(udp().toBuffer(), fields, wireshark.entry)).toEqual([
      ['dns_tag', DEPLOYMENT, 'dig', 'a.test'],
    ]);
    const rows = await tshark(tcp().toBuffer(), ['l45.app_id', 'dns.qry.name'], wireshark.entry);
    expect(rows[2]).toEqual(['dig,dig', 'b.test,c.test']);
  });

  it('is plain DNS behind the filter', async () => {
    const datagram = await plain(udp().toBuffer());
    expect(datagram.subarray(-query('a.test').length)).toEqual(query('a.test'));
    expect(await tshark(await plain(tcp().toBuffer()), ['dns.qry.name'])).toEqual([
      [''],
      [''],
      ['b.test,c.test'],
    ]);
  });
});

it('app_id says who sent any datagram or stream', async () => {
  await install('app_id', { app_id: '', interval: 10 }, 53);
  const messages = withLength(query('d.test'));
  const capture = new Conversation(53)
    .udp(customized('app_id', 'udp', query('a.test')))
    .connect()
    .tcp('client', customized('app_id', 'tcp', messages, ['interval=10']))
    .toBuffer();
  const rows = await tshark(capture, ['l45.app_id', 'dns.qry.name'], wireshark.entry);
  expect(rows[0]).toEqual(['dig', 'a.test']);
  expect(rows[3]).toEqual(['dig,dig,dig', 'd.test']);
  const filtered = await tshark(await plain(capture), ['dns.qry.name']);
  expect(filtered.flat()).toEqual(['a.test', '', '', 'd.test']);
});

it('dns_compress is a query again', async () => {
  await install('dns_compress', {}, 53);
  const capture = new Conversation(53)
    .udp(customized('dns_compress', 'udp', query('a.test')))
    .toBuffer();
  const rows = await tshark(capture, ['l45.customization', 'dns.qry.name'], wireshark.entry);
  expect(rows).toEqual([['dns_compress', 'a.test']]);
  expect((await plain(capture)).subarray(-query('a.test').length)).toEqual(query('a.test'));
});

describe.each([
  ['stream_tag', { interval: 100 }, ['interval=100']],
  ['xor_dialect', { key: { hex: KEY }, interval: 100 }, [`key=${KEY}`, 'interval=100']],
] as const)('an HTTP download with %s', (name, params, text) => {
  const body = 'abcdefghij'.repeat(700);
  const request = Buffer.from('GET /file HTTP/1.1\r\nHost: x\r\n\r\n');
  const response = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const capture = () =>
    new Conversation(80)
      .connect()
      .tcp('client', customized(name, 'tcp', request, [...text]))
      .tcp('server', customized(name, 'tcp', response, [...text]))
      .toBuffer();
  const HTTP = ['http.request.uri', 'http.content_length'];

  beforeAll(() => install(name, params, 80));

  it('is no HTTP without an inverse', async () => {
    expect((await tshark(capture(), HTTP)).flat().join('')).toBe('');
  });

  it('is HTTP in Wireshark, however its bytes are cut', async () => {
    const rows = await tshark(capture(), [...HTTP, 'l45.customization'], wireshark.entry);
    expect(rows.map(([uri]) => uri).join('')).toBe('/file');
    expect(rows.map(([, length]) => length).join('')).toBe(`${body.length}`);
    expect(rows.slice(2).every(([, , customization]) => customization?.startsWith(name))).toBe(
      true,
    );
    const { stdout } = await run(
      'tshark',
      ['-r', join(folder, 'capture.pcap'), '-X', `lua_script:${wireshark.entry}`, '-V'],
      { env: { ...process.env, HOME: folder }, maxBuffer: 1 << 24 },
    );
    expect(stdout).toContain(body.slice(0, 200));
  });

  it('is the same stream behind the filter', async () => {
    const { stdout } = await plain(capture()).then(() =>
      run('tshark', ['-r', join(folder, 'plain.pcap'), '-q', '-z', 'follow,tcp,raw,0'], {
        env: { ...process.env, HOME: folder },
        maxBuffer: 1 << 24,
      }),
    );
    const sides = stdout.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line));
    const client = sides.filter((line) => !line.startsWith('\t')).join('');
    const server = sides.filter((line) => line.startsWith('\t')).join('');
    expect(client).toBe(request.toString('hex'));
    expect(server.replaceAll('\t', '')).toBe(response.toString('hex'));
  });
});

describe('a message of thousands of segments', () => {
  const body = randomBytes(4_000_000);
  const header = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
  const response = Buffer.concat([Buffer.from(header), body]);

  /** With less memory than a copy of the message at each of its segments would take. */
  const read = async (...parameters: string[]): Promise<string> => {
    await install('stream_tag', { interval: 1_000 }, 80);
    const capture = new Conversation(80)
      .connect()
      .tcp('server', customized('stream_tag', 'tcp', response, ['interval=1000']))
      .toBuffer();
    const file = join(folder, 'capture.pcap');
    await writeFile(file, capture);
    const script = ['-X', `lua_script:${wireshark.entry}`];
    const { stdout } = await run(
      'prlimit',
      ['--as=1500000000', 'tshark', '-r', file, ...script, ...parameters],
      { env: { ...process.env, HOME: folder } },
    );
    return stdout;
  };

  it('is put together in Wireshark', async () => {
    const objects = join(folder, 'objects');
    await read('-Q', '--export-objects', `http,${objects}`);
    const [name = ''] = await readdir(objects);
    expect((await readFile(join(objects, name))).equals(body)).toBe(true);
  });

  it('is passed over while tshark watches for small ones, but for what its bytes say', async () => {
    const fields = ['-T', 'fields', '-e', 'l45.stream_tag.sequence', '-e', 'http.file_data'];
    const rows = (await read('-X', 'lua_script1:watch', ...fields)).split('\n');
    expect(rows.filter((row) => /^[\d,]+\t$/.test(row)).length).toBeGreaterThan(2_000);
    expect(rows.filter((row) => /\t./.test(row))).toEqual([]);
  });
});

it('two deployments are read at once, as during a rotation', async () => {
  const other = '4e4e4e4e-4e4e-4e4e-4e4e-4e4e4e4e4e4e';
  const assignments = [
    assignment('dns_tag', { app_id: '', position: 'front', responses: false }, ['53']),
    { ...assignment('dns_compress', {}, ['53']), deployment: other },
  ];
  await wireshark.install(assignments, [luaModule('dns_tag'), luaModule('dns_compress')]);
  await pcap.install(assignments, [pcapModule('dns_tag'), pcapModule('dns_compress')]);
  const compressed = spawnSync(
    join(folder, 'l45-run'),
    [join(folder, 'dns_compress.so'), 'egress', 'udp', 'client', `${0x4e}`],
    { input: query('new.test') },
  ).stdout;
  const capture = new Conversation(53)
    .udp(customized('dns_tag', 'udp', query('old.test')))
    .udp(compressed)
    .udp(query('plain.test'))
    .toBuffer();
  const rows = await tshark(capture, ['l45.customization', 'dns.qry.name'], wireshark.entry);
  expect(rows).toEqual([
    ['dns_tag', 'old.test'],
    ['dns_compress', 'new.test'],
    ['', 'plain.test'],
  ]);
  const filtered = await tshark(await plain(capture), ['dns.qry.name']);
  expect(filtered.flat()).toEqual(['old.test', 'new.test', 'plain.test']);
});

describe('a module that cannot be loaded', () => {
  beforeAll(() => install('dns_tag', { position: 'front' }, 53));

  it('leaves Wireshark as it was, and says what is wrong', async () => {
    const before = await readFile(wireshark.entry, 'utf8');
    const broken = join(folder, 'broken.lua');
    await writeFile(broken, 'return function(l45) this is no Lua end');
    const module = luaModule('app_id');
    await expect(
      wireshark.install(
        [assignment('app_id', {}, ['53'])],
        [{ ...module, paths: [module.paths[0] ?? '', broken] }],
      ),
    ).rejects.toThrow(/broken\.lua:1:/);
    expect(await readFile(wireshark.entry, 'utf8')).toBe(before);
  });

  it('leaves the filter as it was, and says what is wrong', async () => {
    const before = await readFile(join(folder, 'pcap/instances'), 'utf8');
    await expect(
      pcap.install([assignment('dns_tag', { colour: 'red' }, ['53'])], [pcapModule('dns_tag')]),
    ).rejects.toThrow('unknown parameter, or a wrong value: colour');
    expect(await readFile(join(folder, 'pcap/instances'), 'utf8')).toBe(before);
  });
});

it('leaves nothing behind once nothing is assigned', async () => {
  await wireshark.install([], []);
  await pcap.install([], []);
  const left = await readdir(join(folder, 'plugins'));
  expect(left.filter((name) => name.endsWith('.lua'))).toEqual([]);
  await expect(readdir(join(folder, 'pcap'))).rejects.toThrow('ENOENT');
});
