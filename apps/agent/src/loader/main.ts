// SPDX-License-Identifier: Apache-2.0
//
// Loads modules for the agent of this host, which then need not be able to (L45_LOADER):
//   node dist/loader/main.js
// It talks to nobody but that agent, and the kernel.

import { ConfigError, loadConfig } from '@l45/bus';
import { JsonLogger } from '@l45/telemetry';
import { Logger } from '@nestjs/common';
import { NetlinkGateway } from '../kernel/netlink.gateway.js';
import { Loader } from './loader.js';
import { LoaderConfig } from './loader.config.js';
import { serveLoader } from './loader-server.js';

const service = 'loader';
Logger.overrideLogger(new JsonLogger({ service, level: 'info' }));
try {
  const config = loadConfig(LoaderConfig);
  Logger.overrideLogger(new JsonLogger({ service, level: config.LOG_LEVEL }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
  const loader = new Loader(config, new NetlinkGateway());
  await loader.restore();
  await serveLoader(config.L45_LOADER, loader);
} catch (error) {
  new Logger('Loader').fatal(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
