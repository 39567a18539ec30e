// SPDX-License-Identifier: Apache-2.0
import { EventPublisher } from '@l45/bus';
import { EVENT_STREAM } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { ControlPlane, eventually } from '../testing/control-plane.js';

jest.setTimeout(60_000);

it('events are published, once, by whoever comes after a deployer that died before it could', async () => {
  const plane = await ControlPlane.start();
  const first = await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
  const publisher = first.app.get(EventPublisher);
  jest.spyOn(publisher, 'publish').mockRejectedValue(new Error('dead'));
  await plane.deploy();
  await plane.stopDeployer(first);
  await plane.startDeployer();
  const streams = (await jetstreamManager(plane.connection)).streams;
  const stored = await eventually(
    () => streams.info(EVENT_STREAM),
    ({ state }) => expect(state.messages).toBeGreaterThanOrEqual(3),
  );
  expect(stored.state.messages).toBe(3);
  await plane.stop();
});
