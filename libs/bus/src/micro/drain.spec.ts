// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { connect } from '@nats-io/transport-node';
import { Bus } from '../bus.decorator.js';
import { BusClient } from '../client.js';
import { createTestService, eventually, startNats } from '../testing/index.js';

jest.setTimeout(30_000);

const { revoke } = ENDPOINTS.deployer;
const begun: string[] = [];

@Controller()
class Endless {
  @Bus(revoke)
  revoke({ name }: { name: string }): Promise<never> {
    begun.push(name);
    return new Promise(() => undefined);
  }
}

it('drain - after its deadline, answers what is not finished with UNAVAILABLE', async () => {
  const nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const service = await createTestService(
    { controllers: [Endless] },
    { url: nats.url, service: 'deployer' },
  );
  const answer = new BusClient(connection).request(revoke, { name: 'endless' }, { timeoutMs: 9e4 });
  await eventually(() => expect(begun).toEqual(['endless']));

  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'hrtime', 'Date'] });
  const closed = service.close();
  await jest.advanceTimersByTimeAsync(10_000);
  jest.useRealTimers();
  await expect(answer).rejects.toMatchObject({
    name: 'UNAVAILABLE',
    message: 'the service was stopped while it worked on this: ask again',
  });
  await closed;
  await connection.close();
  await nats.stop();
});
