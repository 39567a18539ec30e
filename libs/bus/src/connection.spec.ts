// SPDX-License-Identifier: Apache-2.0
import { permissionsOf } from '@l45/contracts';
import { Logger } from '@nestjs/common';
import { connect as dial, type NatsConnection } from '@nats-io/transport-node';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inboxPrefix } from './bus.options.js';
import { logStatus } from './connection.js';
import { ArtifactStore } from './storage/artifact-store.js';
import { Buckets } from './storage/buckets.js';
import { type NatsServer, startNats } from './testing/index.js';

jest.setTimeout(30_000);

const agent = { service: 'agent', host: 'client', description: '' } as const;
const deployer = { service: 'deployer', description: '' } as const;

const { publish, subscribe } = permissionsOf('host-agent', 'client');
const AUTHORIZATION = `
authorization {
  users = [
    { user: all, password: all },
    { user: agent, password: agent, permissions: ${JSON.stringify({ publish, subscribe })} }
  ]
}`;

describe('an agent with the least permissions', () => {
  let folder: string;
  let nats: NatsServer;
  let everybody: NatsConnection;
  let own: NatsConnection;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-users-'));
    const config = join(folder, 'nats.conf');
    await writeFile(config, AUTHORIZATION);
    nats = await startNats({ config });
    everybody = await dial({ servers: nats.url, user: 'all', pass: 'all' });
    own = await dial({
      servers: nats.url,
      user: 'agent',
      pass: 'agent',
      inboxPrefix: inboxPrefix(agent),
    });
    complaints = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((text) => void complaints.push(text));
    logStatus(own);
  });

  afterAll(async () => {
    await Promise.all([own.close(), everybody.close()]);
    await nats.stop();
    await rm(folder, { recursive: true });
  });

  it('watches its own desired state, writes its own observed state, and fetches artifacts', async () => {
    const { desired, observed } = new Buckets(everybody, deployer);
    const state = { host: 'client', revision: 1, artifacts: [], instances: [] };
    await desired.put('client', state);
    await observed.put('server', {} as never);
    const artifacts = new ArtifactStore(everybody, deployer);
    const digest = await artifacts.put(Buffer.alloc(300_000, 'l45'));

    const buckets = new Buckets(own, agent);
    for await (const change of buckets.desired.watch('client')) {
      if (change.kind === 'current') break;
      expect(change).toMatchObject({ kind: 'put', key: 'client', value: state });
    }
    expect(await buckets.observed.put('client', {} as never)).toBe(2);
    expect(await new ArtifactStore(own, agent).get(digest)).toHaveLength(300_000);
    expect(complaints).toEqual([]);
  });

  it('is refused the state of others, which the log explains', async () => {
    const { observed } = new Buckets(own, agent);
    await expect(observed.put('server', {} as never)).rejects.toThrow('Permissions Violation');
    await own.flush();
    expect(complaints).toEqual([
      'permission to publish to "$KV.l45_observed.server" is missing: add it to this service\'s NATS user',
    ]);
  });
});
