// SPDX-License-Identifier: Apache-2.0
import type { ObservedInstance } from '@l45/contracts';
import {
  ANSWER,
  dig,
  DNS_PORT,
  FAMILIES,
  Fleet,
  freshName,
  TAG_DNS,
  TAG_LENGTH,
  TRANSPORTS,
  wireMessages,
  START_MS,
} from './fleet/index.js';

const FLOWS = FAMILIES.flatMap((family) => TRANSPORTS.map((transport) => ({ family, transport })));
/** A DNS message, and nothing before it. */
const PLAIN = { dns: expect.any(Object), bytes: expect.any(Buffer) };

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
}, START_MS);
afterAll(() => fleet.stop(), 60_000);

async function ask(options: Parameters<typeof dig>[2] = {}) {
  const name = freshName();
  const answer = await dig(fleet.hosts.client, name, options);
  return { answer, wire: wireMessages(fleet.testbed.capture, name) };
}

async function instance(host: 'client' | 'dns-server'): Promise<ObservedInstance> {
  const [only, ...others] = (await fleet.status(host)).instances;
  expect(others).toEqual([]);
  if (!only) throw new Error(`no instance on ${host}`);
  return only;
}

describe('before anything is deployed', () => {
  it.each(FLOWS)('a query over $family and $transport is plain DNS', async (flow) => {
    const { answer, wire } = await ask(flow);
    expect(answer).toBe(ANSWER);
    expect(wire.query).toEqual(PLAIN);
  });
});

describe('with dns_tag deployed by one request', () => {
  let mark: string;

  beforeAll(async () => {
    const { errorCode, body } = await fleet.deploy();
    expect(body).toMatchObject({
      state: 'deployed',
      hosts: [{ converged: true }, { converged: true }],
    });
    expect(errorCode).toBe(0);
    mark = body.id.replaceAll('-', '');
  }, 120_000);

  it.each(FLOWS)(
    'a query over $family and $transport carries the tag, and its answer is the same',
    async (flow) => {
      const before = { client: await instance('client'), server: await instance('dns-server') };
      const { answer, wire } = await ask(flow);
      const after = { client: await instance('client'), server: await instance('dns-server') };

      expect(answer).toBe(ANSWER);
      expect(wire.query?.tag).toEqual({ mark, application: 'dig' });
      expect(wire.response).toEqual(PLAIN);
      const growth = (name: 'inserted' | 'removed', end: 'client' | 'server') =>
        Number(after[end].counters[name]) - Number(before[end].counters[name]);
      expect(growth('inserted', 'client')).toBe(TAG_LENGTH);
      expect(growth('removed', 'server')).toBe(TAG_LENGTH);
      expect(growth('inserted', 'server')).toBe(0);
      expect(growth('removed', 'client')).toBe(0);
    },
  );

  it.each(FLOWS)(
    'an application that does not match stays untouched over $family and $transport',
    async (flow) => {
      const { client } = fleet.hosts;
      await client.sh('cp "$(command -v dig)" /tmp/other-dig');
      const before = await instance('client');
      const { answer, wire } = await ask({ ...flow, program: '/tmp/other-dig' });
      const after = await instance('client');

      expect(answer).toBe(ANSWER);
      expect(wire).toEqual({ query: PLAIN, response: PLAIN });
      expect(after.counters).toEqual(before.counters);
    },
  );

  it('the same deploy sent twice changes nothing', async () => {
    const before = (await fleet.deploy()).body;
    const states = [await fleet.status('client'), await fleet.status('dns-server')];
    const again = await fleet.deploy();
    expect(again).toEqual({ errorCode: 0, body: before });
    const later = [await fleet.status('client'), await fleet.status('dns-server')];
    expect(later.map(({ desiredRevision }) => desiredRevision)).toEqual(
      states.map(({ desiredRevision }) => desiredRevision),
    );
  });

  it('deactivated, queries are plain; activated, they are tagged again', async () => {
    const request = { name: TAG_DNS.name, wait: 30 };
    await fleet.stack.request('l45.deployer.deactivate', request);
    expect((await ask()).wire.query).toEqual(PLAIN);
    await fleet.stack.request('l45.deployer.activate', request);
    expect((await ask()).wire.query?.tag).toEqual({ mark, application: 'dig' });
  });

  it('deprecated, the live socket of dnsmasq keeps it but a new dig has none', async () => {
    await fleet.stack.request('l45.deployer.deprecate', { name: TAG_DNS.name, wait: 30 });
    const { answer, wire } = await ask();
    expect(answer).toBe(ANSWER);
    expect(wire.query).toEqual(PLAIN);
    expect((await instance('dns-server')).sockets).toBeGreaterThan(0);
  });
});

describe('after the deployment is revoked', () => {
  beforeAll(async () => {
    const { body } = await fleet.revoke();
    expect(body).toMatchObject({ state: 'revoked' });
  }, 60_000);

  it.each(FLOWS)('a query over $family and $transport is as before', async (flow) => {
    const { answer, wire } = await ask(flow);
    expect(answer).toBe(ANSWER);
    expect(wire.query).toEqual(PLAIN);
  });

  it('no kernel has an instance or a customized socket left', async () => {
    for (const host of ['client', 'dns-server'] as const) {
      expect(await fleet.status(host)).toMatchObject({ instances: [], sockets: [], problems: [] });
    }
  });
});

describe('with responses to be tagged as well', () => {
  beforeAll(async () => {
    const { body } = await fleet.deploy({ ...TAG_DNS, params: { responses: true } });
    expect(body).toMatchObject({ state: 'deployed' });
  }, 60_000);

  it.each(FLOWS)('both messages over $family and $transport carry the tag', async (flow) => {
    const { answer, wire } = await ask(flow);
    expect(answer).toBe(ANSWER);
    expect(wire.query?.tag?.application).toBe('dig');
    expect(wire.response?.tag?.application).toBe('dnsmasq');
  });
});

describe('with a chain that tags first and speaks a dialect then', () => {
  const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const MARK_LENGTH = 16;
  const { customization: first, ...request } = TAG_DNS;
  const chain = [
    { customization: first ?? '' },
    { customization: 'xor_dialect', params: { key: KEY.toString('hex') } },
  ];
  let mark: Buffer;

  beforeAll(async () => {
    await fleet.clear();
    const { body } = await fleet.deploy({ ...request, chain });
    expect(body).toMatchObject({ state: 'deployed', customization: 'dns_tag+xor_dialect' });
    mark = Buffer.from(body.id.replaceAll('-', ''), 'hex');
  }, 120_000);

  it.each([
    { transport: 'UDP', header: MARK_LENGTH, prefix: 0 },
    // Frames of a stream have a longer header, and the tag is in front of the length.
    { transport: 'TCP', header: 32, prefix: 2 },
  ] as const)(
    'a query over $transport is one dialect around a tag, and its answer is the same',
    async ({ transport, header, prefix }) => {
      fleet.testbed.capture.clear();
      const name = freshName();
      const before = { client: await instance('client'), server: await instance('dns-server') };
      expect(await dig(fleet.hosts.client, name, { transport })).toBe(ANSWER);
      const after = { client: await instance('client'), server: await instance('dns-server') };

      const { payload } = await fleet.testbed.capture.waitFor(
        (packet) =>
          (packet.udp ?? packet.tcp)?.destinationPort === DNS_PORT && packet.payload.length > 0,
      );
      expect(payload.subarray(0, MARK_LENGTH)).toEqual(mark);
      const inner = Buffer.from(
        payload.subarray(header).map((byte, i) => byte ^ (KEY[i % KEY.length] ?? 0)),
      );
      // Links further in have marks of their own.
      const innerMark = Buffer.from(mark);
      innerMark.writeUInt8(mark.readUInt8(15) ^ 1, 15);
      expect(inner.subarray(0, TAG_LENGTH)).toEqual(
        Buffer.concat([innerMark, Buffer.from('dig'.padEnd(TAG_LENGTH - MARK_LENGTH, '\0'))]),
      );
      expect(inner.subarray(TAG_LENGTH + prefix).includes('example')).toBe(true);
      expect(payload.includes('example')).toBe(false);

      const growth = (counter: 'inserted' | 'removed', end: 'client' | 'server') =>
        Number(after[end].counters[counter]) - Number(before[end].counters[counter]);
      expect(growth('inserted', 'client')).toBe(header + TAG_LENGTH);
      expect(growth('removed', 'server')).toBe(header + TAG_LENGTH);
      expect(growth('inserted', 'server')).toBe(header);
      expect(growth('removed', 'client')).toBe(header);
    },
  );

  it('revoked, no kernel has an instance or a module of it left in use', async () => {
    expect((await fleet.revoke()).body).toMatchObject({ state: 'revoked' });
    expect((await ask()).wire.query).toEqual(PLAIN);
    for (const host of ['client', 'dns-server'] as const) {
      expect(await fleet.status(host)).toMatchObject({ instances: [], sockets: [], problems: [] });
    }
  });
});
