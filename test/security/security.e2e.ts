// SPDX-License-Identifier: Apache-2.0
import { onStatus } from '@l45/bus';
import {
  type ChallengeReply,
  type Deployment,
  type Enrolment,
  ENDPOINTS,
  type EventsReply,
  type HostsReply,
  type IdentitiesReply,
  type Invitation,
  type MiddleboxesReply,
} from '@l45/contracts';
import { encodeUser, parseCreds } from '@nats-io/jwt';
import { createUser, fromSeed } from '@nats-io/nkeys';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  errors,
  jwtAuthenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Service, Stack } from '../stack/index.js';
import { type Folder, temporaryFolder } from '../testbed/folder.js';
import { waitFor } from '../wait.js';
import { type Forbidden, HOST_AGENT, MIDDLEBOX_AGENT, NEWCOMER, SERVICES } from './forbidden.js';
import type { SimulatedAgent } from './simulated-agents.js';

// The hosts of this test have the kernel that the builder has headers for.
const kernelRelease = (await readdir('/usr/src'))
  .map((name) => /^linux-headers-(.*-amd64)$/.exec(name)?.[1])
  .find((release) => release !== undefined);
(
  jest as unknown as { unstable_mockModule(name: string, factory: () => object): void }
).unstable_mockModule('node:os', () => ({ ...os, default: os, release: () => kernelRelease }));
const { SimulatedAgent: Agent } = await import('./simulated-agents.js');

jest.setTimeout(60_000);

const { client: clientEnd, server: serverEnd } = ENDPOINTS.deployer.deploy.example.ends;
const DEPLOY = {
  name: 'tag',
  customization: 'dns_tag',
  ends: { client: clientEnd, server: { ...serverEnd, hosts: ['server'] } },
  wait: 60,
};
const POD_ACCOUNT = 'system:serviceaccount:net:l45-agent';

let stack: Stack;
let kubernetes: Server;
let folder: Folder;
let client: SimulatedAgent;
let server: SimulatedAgent;
let tap: SimulatedAgent;
let invitation: Invitation;
const opened: NatsConnection[] = [];

async function ask<T>(subject: string, payload: object = {}): Promise<T> {
  const { errorCode, body } = await stack.request<T>(subject, payload, 90_000);
  if (errorCode) throw new Error(JSON.stringify(body));
  return body as T;
}

const invite = (host: string, role = 'host') =>
  ask<Invitation>('l45.security.invite', { host, role, expires: 600 });

async function enrolled(host: string, role: 'host' | 'middlebox'): Promise<SimulatedAgent> {
  const agent = new Agent(host, role, stack.nats.url, stack.folder);
  invitation = await invite(host, role);
  await agent.enrol(invitation.token);
  await agent.start();
  return agent;
}

async function dial(authenticator: Authenticator, inboxPrefix: string): Promise<NatsConnection> {
  const options = { servers: stack.nats.url, reconnect: false, authenticator, inboxPrefix };
  const connection = await connect(options);
  opened.push(connection);
  return connection;
}

const dialAs = async (agent: SimulatedAgent) =>
  dial(credsAuthenticator(await readFile(agent.creds)), `_INBOX.agent.${agent.host}`);

const dialAsRole = async (role: string) =>
  dial(
    credsAuthenticator(await readFile(join(stack.folder, `identities/${role}.creds`))),
    `_INBOX.${role}`,
  );

/** Of the same account, and without limits. */
async function dialAsRoot(): Promise<NatsConnection> {
  const seeds = JSON.parse(await readFile(join(stack.folder, 'identities/authority.json'), 'utf8'));
  const user = createUser();
  const account = fromSeed(Buffer.from(seeds.account));
  const jwt = await encodeUser('root', user, account);
  return dial(jwtAuthenticator(jwt, user.getSeed()), '_INBOX.root');
}

const isRefusal = (error: unknown, subject: string, operation: string): boolean =>
  error instanceof errors.PermissionViolationError &&
  error.operation === operation &&
  error.subject === subject;

/** Those of the forbidden things that the server lets somebody do. */
async function allowed(
  connection: NatsConnection,
  { publish, subscribe }: Forbidden,
): Promise<string[]> {
  const refused = new Set<string>();
  const release = onStatus(connection, (status) => {
    if (status.type !== 'error') return;
    for (const operation of ['publish', 'subscription'])
      for (const subject of operation === 'publish' ? publish : subscribe)
        if (isRefusal(status.error, subject, operation)) refused.add(`${operation} ${subject}`);
  });
  for (const subject of publish) connection.publish(subject, '{}');
  const subscriptions = subscribe.map((subject) =>
    connection.subscribe(subject, { callback: () => undefined }),
  );
  await connection.flush();
  for (const subscription of subscriptions) subscription.unsubscribe();
  await connection.flush();
  release();
  return [
    ...publish.map((subject) => `publish ${subject}`),
    ...subscribe.map((subject) => `subscription ${subject}`),
  ].filter((what) => !refused.has(what));
}

/** Says of a token whose pod it is, as Kubernetes does. */
const kubernetesApi = (): Server =>
  createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const [audience, username, node] = body.spec.token.split(' ');
    const known = request.headers.authorization === 'Bearer own-token';
    response.statusCode = known ? 201 : 401;
    response.end(
      JSON.stringify({
        status: {
          authenticated: username !== 'nobody',
          audiences: body.spec.audiences.filter((each: string) => each === audience),
          user: { username, extra: { 'authentication.kubernetes.io/node-name': [node] } },
        },
      }),
    );
  });

beforeAll(async () => {
  kubernetes = kubernetesApi();
  await new Promise<void>((resolve) => kubernetes.listen(0, '127.0.0.1', resolve));
  const { port } = kubernetes.address() as AddressInfo;
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'token'), 'own-token\n');
  stack = await Stack.start({
    identities: true,
    environment: () => ({
      L45_AGENT_ACCOUNT: POD_ACCOUNT,
      L45_KUBERNETES_API: `http://127.0.0.1:${port}`,
      L45_KUBERNETES_TOKEN: join(folder.path, 'token'),
    }),
  });
  client = await enrolled('client', 'host');
  server = await enrolled('server', 'host');
  tap = await enrolled('tap', 'middlebox');
}, 120_000);
afterAll(async () => {
  await Promise.all([client, server, tap].map((agent) => agent?.stop()));
  await Promise.all(opened.map((connection) => connection.close()));
  await stack?.stop();
  kubernetes.close();
  await folder.remove();
}, 60_000);

describe('with the identity of its own', () => {
  it('every service and every agent does its work', async () => {
    await ask('l45.middlebox.register', { middlebox: 'tap', types: ['wireshark'] });
    expect(await ask<Deployment>('l45.deployer.deploy', DEPLOY)).toMatchObject({
      state: 'deployed',
    });
    expect(await client.kernel.instances()).toMatchObject([{ customization: 'dns_tag' }]);
    await waitFor('the middlebox to read along', async () => {
      const { middleboxes } = await ask<MiddleboxesReply>('l45.middlebox.list');
      return middleboxes[0]?.online && middleboxes[0].assignments[0]?.ready;
    });
    const { results } = await ask<ChallengeReply>('l45.security.challenge', { deployment: 'tag' });
    expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
    const { hosts } = await ask<HostsReply>('l45.monitor.hosts');
    expect(hosts).toMatchObject([
      { host: 'client', online: true, problems: [] },
      { host: 'server', online: true, problems: [] },
    ]);
    await waitFor('the monitor to keep the event', async () => {
      const { events } = await ask<EventsReply>('l45.monitor.events', { about: 'tag' });
      return events.length > 0;
    });
    await ask('l45.agent.client.status');
    expect(await ask('l45.deployer.revoke', { name: 'tag', wait: 30 })).toMatchObject({
      state: 'revoked',
    });
    expect(await complaints()).toEqual([]);
  }, 180_000);
});

/** Of services about what they may not do. */
async function complaints(): Promise<string[]> {
  const logs = await Promise.all(
    (await readdir(stack.logs)).map((name) => readFile(join(stack.logs, name), 'utf8')),
  );
  return logs.flatMap((log) =>
    log.split('\n').filter((line) => /permission to|Permissions Violation/.test(line)),
  );
}

describe('whoever is on the bus may do nothing that is not theirs', () => {
  it.each<[string, () => Promise<NatsConnection>, Forbidden]>([
    ['the agent of a host', () => dialAs(client), HOST_AGENT],
    ['the agent of a middlebox', () => dialAs(tap), MIDDLEBOX_AGENT],
    ...Object.entries(SERVICES).map(
      ([role, forbidden]): [string, () => Promise<NatsConnection>, Forbidden] => [
        role,
        () => dialAsRole(role),
        forbidden,
      ],
    ),
  ])('%s', async (_, open, forbidden) => {
    expect(await allowed(await open(), forbidden)).toEqual([]);
  });

  it('who was invited, before it has enrolled', async () => {
    const { token } = await invite('late');
    const newcomer = await dial(jwtAuthenticator(token), '_INBOX.newcomer.late');
    expect(await allowed(newcomer, NEWCOMER)).toEqual([]);
  });

  it('has the server write for it where it may not: nobody believes that', async () => {
    await ask('l45.deployer.deploy', DEPLOY);
    const root = await dialAsRoot();
    const evil = await dialAs(client);
    const own = '$JS.API.DIRECT.GET.KV_l45_desired.$KV.l45_desired.client';
    for (const reply of ['$KV.l45_desired.server', '$KV.l45_observed.server'])
      evil.publish(own, '', { reply });
    await evil.flush();
    await waitFor('the deployer to tell the server again', async () => {
      const state = await root.request(own.replaceAll('client', 'server'), '');
      return state.json<{ host?: string }>().host === 'server';
    });
    const { hosts } = await ask<HostsReply>('l45.monitor.hosts', { host: 'server' });
    expect(hosts).toMatchObject([{ host: 'server', online: true, instances: [{}] }]);
    expect(await server.kernel.instances()).toHaveLength(1);
    await ask('l45.deployer.revoke', { name: 'tag', wait: 30 });
  });

  it('has a service answer somewhere else than into an inbox: it may not', async () => {
    const root = await dialAsRoot();
    const heard: string[] = [];
    for (const subject of ['l45.events.>', 'l45.deployer.revoke'])
      root.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) });
    await root.flush();
    const evil = await dialAs(client);
    evil.publish('l45.security.keys', '', { reply: 'l45.events.security.challenge' });
    evil.publish('l45.security.keys', '', { reply: 'l45.deployer.revoke' });
    expect((await evil.request('l45.security.keys', '')).json()).toHaveProperty('keys');
    await root.flush();
    expect(heard).toEqual([]);
  });

  it('calls itself another host in its report: nobody believes that', async () => {
    const evil = await dialAs(client);
    const target = { kernelRelease, arch: 'x86_64' };
    const nothing = { customizations: [], instances: [], problems: [] };
    const state = { host: 'server', target, desiredRevision: 77, ...nothing };
    await evil.request('$KV.l45_observed.client', JSON.stringify(state));
    const { hosts } = await ask<HostsReply>('l45.monitor.hosts', { host: 'server' });
    expect(hosts[0]?.desiredRevision).not.toBe(77);
  });
});

describe('an enrolment', () => {
  const fresh = (host = 'late') => new Agent(host, 'host', stack.nats.url, join(stack.folder, 'x'));

  it('is good for one key, which no log, event or table has', async () => {
    const { token } = await invite('late');
    const late = fresh();
    await late.enrol(token);
    expect((await stat(late.creds)).mode & 0o777).toBe(0o600);
    const { key } = await parseCreds(await readFile(late.creds));
    const thief = new Agent('late', 'host', stack.nats.url, join(stack.folder, 'thief'));
    await expect(thief.enrol(token)).rejects.toThrow('the invitation was used already');

    const logs = await Promise.all(
      (await readdir(stack.logs)).map((name) => readFile(join(stack.logs, name), 'utf8')),
    );
    const database = new Client(stack.postgres.url);
    await database.connect();
    const { rows } = await database.query('SELECT * FROM security.identity');
    await database.end();
    const kept = logs.join('') + JSON.stringify(rows);
    expect(kept).toContain('late');
    for (const secret of [key, token]) expect(kept).not.toContain(secret);
  });

  it('is made by the agent as it is shipped, and used from then on', async () => {
    const place = join(stack.folder, 'shipped');
    const { token } = await invite('tap-2', 'middlebox');
    const environment = {
      ...{ NATS_URL: stack.nats.url, NATS_CREDS: join(place, 'nats.creds') },
      ...{ L45_HOST: 'tap-2', L45_ROLE: 'middlebox', L45_STATE_DIR: place },
      ...{ L45_ENROL_TOKEN: token, L45_WIRESHARK_PLUGINS: join(place, 'plugins') },
    };
    const agent = new Service('agent', environment, stack.logs);
    for (let start = 0; start < 2; start++) {
      agent.start();
      await waitFor('the agent to answer to its name', async () => {
        const answers = await stack.connection.requestMany('$SRV.PING.l45-agent', '', {
          maxWait: 500,
        });
        for await (const answer of answers)
          if (answer.json<{ metadata: { host: string } }>().metadata.host === 'tap-2') return true;
        return false;
      });
      expect(await agent.stop()).toBe(0);
    }
    expect(await readFile(join(stack.logs, 'agent.log'), 'utf8')).not.toContain(token);
  });

  it('answers the same key again, as an answer may be lost', async () => {
    const { token } = await invite('lost');
    const visitor = await dial(jwtAuthenticator(token), '_INBOX.newcomer.lost');
    const publicKey = createUser().getPublicKey();
    const payload = JSON.stringify({ token, publicKey });
    for (let i = 0; i < 2; i++) {
      const answer = (await visitor.request('l45.security.enrol', payload)).json<Enrolment>();
      expect(answer).toMatchObject({ host: 'lost', role: 'host' });
    }
  });

  it.each([
    ['of another role', 'middlebox', 'host-2', 'host-2', 'set L45_HOST and L45_ROLE'],
    ['of another host', 'host', 'host-2', 'host-3', 'set L45_HOST and L45_ROLE'],
  ])('%s is refused', async (_, role, invited, host, message) => {
    const { token } = await invite(invited, role);
    await expect(fresh(host).enrol(token)).rejects.toThrow(message);
  });

  it('with what is no invitation is refused', async () => {
    const newcomer = await readFile(join(stack.folder, 'identities/newcomer.creds'));
    const { jwt } = await parseCreds(newcomer);
    await expect(fresh('x1').enrol('rubbish')).rejects.toThrow('Set L45_ENROL_TOKEN');
    await expect(fresh('x2').enrol(jwt)).rejects.toThrow('no token of an invitation');
    const superseded = await invite('x3');
    await invite('x3');
    await expect(fresh('x3').enrol(superseded.token)).rejects.toThrow('another one came after it');
  });

  it('of a pod is as good as its node', async () => {
    const creds = join(stack.folder, 'identities/newcomer.creds');
    const pod = (host: string, place: string) =>
      new Agent(host, 'host', stack.nats.url, join(stack.folder, place));
    await pod('node-1', 'a').enrol(`l45 ${POD_ACCOUNT} node-1.example.org`, creds);
    for (const [host, token, reason] of [
      ['node-2', 'other system:serviceaccount:net:l45-agent node-2', 'for somebody else'],
      ['node-2', 'l45 system:serviceaccount:net:default node-2', 'the pod is no agent'],
      ['node-2', 'l45 nobody node-2', 'does not know the token'],
      [
        'node-1',
        `l45 ${POD_ACCOUNT} node-1.elsewhere.org`,
        'node-1 is the node node-1.example.org',
      ],
      ['node-2', `l45 ${POD_ACCOUNT} node-3`, 'set L45_HOST'],
    ] as const)
      await expect(pod(host, `b-${reason.length}`).enrol(token, creds)).rejects.toThrow(reason);
    // Its disk is empty: it takes the place of what it was before.
    const again = pod('node-1', 'c');
    await again.enrol(`l45 ${POD_ACCOUNT} node-1.example.org`, creds);
    await (await dialAs(again)).flush();
    await waitFor('its old key to be refused', () =>
      dialAs(pod('node-1', 'a')).then(
        () => false,
        () => true,
      ),
    );
    await ask('l45.security.revoke', { host: 'node-1' });
    await expect(
      pod('node-1', 'd').enrol(`l45 ${POD_ACCOUNT} node-1.example.org`, creds),
    ).rejects.toThrow('was revoked');
  });
});

describe('a revoked identity', () => {
  it('is dropped at once, refused after restarts of everything, and others stay', async () => {
    const thief = await dialAs(client);
    const other = await dialAs(server);
    const closed = thief.closed();
    await client.stop();
    await ask('l45.security.revoke', { host: 'client' });
    await closed;
    await expect(dialAs(client)).rejects.toThrow('Authorization Violation');
    await other.flush();

    await stack.nats.kill();
    await stack.nats.restart();
    await expect(dialAs(client)).rejects.toThrow('Authorization Violation');
    await (await dialAs(server)).flush();
    const { identities } = await waitFor('security to be back', async () => {
      const subject = ENDPOINTS.security.identities.subject;
      return (await stack.request<IdentitiesReply>(subject, '', 1_000)).body;
    });
    expect(identities.find(({ host }) => host === 'client')).toMatchObject({
      host: 'client',
      revokedAt: expect.any(String),
    });
  });

  it('may be had again by who is invited again, with another key', async () => {
    const { token } = await invite('client');
    const again = new Agent('client', 'host', stack.nats.url, join(stack.folder, 'again'));
    await mkdir(again.folder, { recursive: true });
    await again.enrol(token);
    await (await dialAs(again)).flush();
    await expect(dialAs(client)).rejects.toThrow('Authorization Violation');
  });

  it('of a host that nobody knows is an error', async () => {
    await expect(ask('l45.security.revoke', { host: 'nowhere' })).rejects.toThrow('UNKNOWN_HOST');
  });
});

// Last, as it destroys what it reaches: that the server refuses is up to the identity alone.
it('somebody without limits may do all that was refused', async () => {
  const everything = [HOST_AGENT, MIDDLEBOX_AGENT, NEWCOMER, ...Object.values(SERVICES)];
  for (const { publish, subscribe } of everything) {
    const root = await dialAsRoot();
    expect(await allowed(root, { publish, subscribe })).toHaveLength(
      publish.length + subscribe.length,
    );
  }
});
