// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubernetesGateway } from './kubernetes.gateway.js';

const ACCOUNTS = 'system:serviceaccount:net:';
const NODE = { 'authentication.kubernetes.io/node-name': ['node-1.example.org'] };

describe('who the pod of a token is', () => {
  let folder: string;
  let server: Server;
  let status: object;
  let gateway: KubernetesGateway;

  /** Of a token that is for us. */
  const reviewed = (account: string, extra: object = {}) => ({
    authenticated: true,
    audiences: ['l45'],
    user: { username: `${ACCOUNTS}${account}`, extra },
  });

  beforeAll(async () => {
    server = createServer((_, response) => response.end(JSON.stringify({ status })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    folder = await mkdtemp(join(tmpdir(), 'l45-gateway-'));
    const token = join(folder, 'token');
    await writeFile(token, 'of the security service');
    gateway = new KubernetesGateway({
      L45_AGENT_ACCOUNT: `${ACCOUNTS}l45-agent`,
      L45_MIDDLEBOX_ACCOUNTS: `${ACCOUNTS}l45-middlebox-agent-`,
      L45_KUBERNETES_API: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      L45_KUBERNETES_TOKEN: token,
    });
  });

  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  it('is the agent of its node', async () => {
    status = reviewed('l45-agent', NODE);
    const agent = { role: 'host', host: 'node-1', node: 'node-1.example.org' };
    expect(await gateway.agentOf('token')).toEqual(agent);
  });

  it('is the middlebox that its account names, on whatever node', async () => {
    status = reviewed('l45-middlebox-agent-tap-1', NODE);
    expect(await gateway.agentOf('token')).toEqual({ role: 'middlebox', host: 'tap-1' });
  });

  it.each([
    'l45',
    'l45-agent-2',
    'l45-middlebox',
    'l45-middlebox-agent-',
    // It would be two tokens of a subject.
    'l45-middlebox-agent-tap.1',
  ])('is nobody with the account %s', async (account) => {
    status = reviewed(account, NODE);
    await expect(gateway.agentOf('token')).rejects.toThrow('the pod is no agent');
  });

  it('is nobody whom Kubernetes does not vouch for, or not for us', async () => {
    for (const wrong of [{ authenticated: false }, { audiences: ['kubernetes'] }]) {
      status = { ...reviewed('l45-agent', NODE), ...wrong };
      await expect(gateway.agentOf('token')).rejects.toThrow('for somebody else');
    }
    status = reviewed('l45-agent');
    await expect(gateway.agentOf('token')).rejects.toThrow('names no node');
  });
});
