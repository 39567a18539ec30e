// SPDX-License-Identifier: Apache-2.0
import { VERSION } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { ENDPOINTS } from '@l45/contracts';
import { SecurityModule } from './security.module.js';

describe('the security service', () => {
  let nats: NatsServer;
  let service: TestService;

  beforeAll(async () => {
    nats = await startNats();
    service = await createTestService({ imports: [SecurityModule] }, { url: nats.url });
  });

  afterAll(async () => {
    await service.close();
    await nats.stop();
  });

  it('says what it is, and that it can do nothing yet', async () => {
    await expect(service.client.request(ENDPOINTS.security.info, {})).resolves.toEqual({
      service: 'security',
      version: VERSION,
      capabilities: [],
    });
  });
});
