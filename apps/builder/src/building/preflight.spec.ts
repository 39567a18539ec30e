// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import { createTestService, type TestService } from '@l45/bus/testing';
import { ENDPOINTS, type Host, type HostsReply, type Target } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Kernels } from '../kernel/kernels.js';
import { Laboratory } from '../testing/laboratory.js';
import type { BuiltModule } from './built-module.entity.js';
import { BuiltModules } from './built-modules.js';
import { Toolchain } from './toolchain.js';

const ODD = { kernelRelease: '5.10.0-odd', arch: 'x86_64' };
let target: Target;

@Controller()
class FakeMonitor {
  @Bus(ENDPOINTS.monitor.hosts)
  hosts(): HostsReply {
    const host = (name: string, of: Target) => ({ host: name, target: of }) as Host;
    return { hosts: [host('client', target), host('server', target), host('odd', ODD)] };
  }
}

let laboratory: Laboratory;
let monitor: TestService;

beforeAll(async () => {
  [target = ODD] = await new Kernels().list();
  laboratory = await Laboratory.open();
  await laboratory.builder();
  const { url } = laboratory.nats;
  monitor = await createTestService({ controllers: [FakeMonitor] }, { url, service: 'monitor' });
}, 60_000);
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await monitor.close();
  await laboratory.close();
});

const ask = (hosts?: string[], customization = 'dns_tag') =>
  monitor.client.request(ENDPOINTS.builder.preflight, { customization, hosts });

it('a preflight tells what would be built for hosts, once for each target, and builds nothing', async () => {
  const made = jest.spyOn(Toolchain.prototype, 'make');
  const modules = ['l45', 'dns_tag'].map((name) => ({ name, cached: false }));
  expect(await ask(['client', 'server'])).toEqual({
    customization: 'dns_tag',
    targets: [{ target, hosts: ['client', 'server'], status: 'to build', modules }],
  });
  expect(made).not.toHaveBeenCalled();
});

it('a preflight tells what is cached', async () => {
  const module = { symbols: '' } as BuiltModule;
  jest.spyOn(BuiltModules.prototype, 'find').mockResolvedValue(module);
  expect(await ask(['client'])).toMatchObject({ targets: [{ status: 'cached' }] });
});

it('a preflight tells what cannot be built, and why, beside what can', async () => {
  const { targets } = await ask();
  expect(targets.map(({ status, problem }) => [status, problem?.name])).toEqual([
    ['to build', undefined],
    ['impossible', 'NO_HEADERS'],
  ]);
});

it.each([
  [['clinet'], 'dns_tag', 'UNKNOWN_HOST'],
  [undefined, 'dns_tga', 'UNKNOWN_CUSTOMIZATION'],
])('a preflight of %j with %s is refused: %s', async (hosts, customization, name) => {
  await expect(ask(hosts, customization)).rejects.toMatchObject({ name });
});
