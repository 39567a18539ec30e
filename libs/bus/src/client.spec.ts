// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS } from '@l45/contracts';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { BusClient } from './client.js';
import { type NatsServer, startNats } from './testing/index.js';

const { deploy, status } = ENDPOINTS.deployer;

describe('BusClient', () => {
  let nats: NatsServer;
  let connection: NatsConnection;
  let client: BusClient;

  beforeAll(async () => {
    nats = await startNats();
    connection = await connect({ servers: nats.url });
    client = new BusClient(connection);
  });

  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  it('says UNAVAILABLE at once when nobody answers', async () => {
    await expect(client.request(status, {})).rejects.toMatchObject({
      name: 'UNAVAILABLE',
      code: 503,
      message: 'nobody answers l45.deployer.status: start the service and ask again',
    });
  });

  it('says TIMEOUT when somebody does not answer in time', async () => {
    const deaf = connection.subscribe(status.subject);
    await expect(client.request(status, {}, { timeoutMs: 50 })).rejects.toMatchObject({
      name: 'TIMEOUT',
      code: 504,
    });
    deaf.unsubscribe();
  });

  it('says TOO_LARGE for a request that the server would refuse', async () => {
    const request = { ...deploy.example, params: { filler: 'x'.repeat(2_000_000) } };
    await expect(client.request(deploy, request)).rejects.toMatchObject({ name: 'TOO_LARGE' });
  });

  it('says INTERNAL, with the message, for an error without our body', async () => {
    const carrier = headers();
    carrier.set('Nats-Service-Error-Code', '418');
    carrier.set('Nats-Service-Error', 'a teapot');
    const stranger = connection.subscribe(status.subject, {
      callback: (_, message) => void message.respond('short', { headers: carrier }),
    });
    await expect(client.request(status, {})).rejects.toMatchObject({
      name: 'INTERNAL',
      message: 'a teapot',
    });
    stranger.unsubscribe();
  });

  it('refuses to ask an agent without the name of its host', async () => {
    await expect(client.request(ENDPOINTS.agent.status, {})).rejects.toThrow(
      'l45.agent.<host>.status needs the name of a host',
    );
  });
});
