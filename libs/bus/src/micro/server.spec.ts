// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, type DeployRequest } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Bus } from '../bus.decorator.js';
import {
  createTestService,
  startNats,
  type NatsServer,
  type TestService,
} from '../testing/index.js';

@Controller()
class Echo {
  @Bus(ENDPOINTS.deployer.deploy)
  deploy(request: DeployRequest) {
    return { ...request, made: request.constructor.name } as never;
  }
}

describe('BusServer', () => {
  let nats: NatsServer;
  let service: TestService;
  beforeAll(async () => {
    nats = await startNats();
    service = await createTestService(
      { controllers: [Echo] },
      { url: nats.url, service: 'deployer' },
    );
  });
  afterAll(async () => {
    await service.close();
    await nats.stop();
  });

  it('answers raw JSON', async () => {
    const answer = await service.connection.request(
      'l45.deployer.deploy',
      JSON.stringify(ENDPOINTS.deployer.deploy.example),
    );
    expect(answer.json()).toEqual({ ...ENDPOINTS.deployer.deploy.example, made: 'DeployRequest' });
  });
});
