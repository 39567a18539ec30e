// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS } from '@l45/contracts';
import { ControlPlane, eventually, TAG_DNS } from './testing/control-plane.js';

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
  await eventually(
    () => plane.ask(ENDPOINTS.deployer.status, {}),
    () => undefined,
  );
}, 60_000);
afterAll(() => plane.stop(), 30_000);

it('deploys ingress everywhere before egress anywhere, and answers when all is confirmed', async () => {
  const began = Date.now();
  const deployment = await plane.deploy();
  expect(Date.now() - began).toBeLessThan(3000);
  console.log(Date.now() - began);
  expect(deployment).toMatchObject({
    state: 'deployed',
    revision: 1,
    params: { app_id: '', position: 'front' },
    hosts: [
      { host: 'client', converged: true },
      { host: 'dns-server', converged: true },
    ],
  });
  expect(TAG_DNS).toBeDefined();
});
