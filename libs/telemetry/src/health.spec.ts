// SPDX-License-Identifier: Apache-2.0
import { type HealthServer, serveHealth } from './health.js';

describe('serveHealth', () => {
  let health: HealthServer;
  let ready: () => Promise<unknown>;

  beforeAll(async () => {
    const metrics = async () => 'l45_hosts 2';
    health = await serveHealth('127.0.0.1:0', { ready: () => ready(), metrics });
  });

  afterAll(() => health.close());

  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return [response.status, await response.text()];
  };

  it('is ready as long as it is told so', async () => {
    ready = async () => undefined;
    expect(await ask('/ready')).toEqual([200, 'ready\n']);
    ready = () => Promise.reject(new Error('no connection'));
    expect(await ask('/ready')).toEqual([503, 'no connection\n']);
  });

  it('is live, though not ready, while what it waits for does not come', async () => {
    ready = () => new Promise(() => undefined);
    const [live, notReady] = await Promise.all([ask('/live'), ask('/ready')]);
    expect(live).toEqual([200, 'live\n']);
    expect(notReady).toEqual([503, 'not ready within 1000 ms\n']);
  });

  it('tells metrics', async () => {
    expect(await ask('/metrics')).toEqual([200, 'l45_hosts 2\n']);
  });

  it('says what there is to ask', async () => {
    expect(await ask('/')).toEqual([404, 'there are /live, /ready and /metrics\n']);
  });

  it('fails where it cannot listen', async () => {
    const taken = `127.0.0.1:${health.port}`;
    const nothing = async () => '';
    await expect(serveHealth(taken, { ready: nothing, metrics: nothing })).rejects.toThrow(
      'EADDRINUSE',
    );
  });
});
