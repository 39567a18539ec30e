// SPDX-License-Identifier: Apache-2.0
import type { ServiceName } from '@l45/contracts';
import { initTelemetry, JsonLogger, serveHealth } from '@l45/telemetry';
import { type DynamicModule, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusConfig } from './bus.config.js';
import { microName } from './bus.options.js';
import { ConfigError, loadConfig } from './config.js';
import { NATS } from './connection.js';
import { BusServer } from './micro/server.js';
import { VERSION } from './version.js';

/** A stopping process is given so long; the transport's own drain takes 10 s at most. */
const STOP_MS = 20_000;

export interface RunOptions {
  service: ServiceName;
  /** What has to be done before it is connected. */
  prepare?: () => Promise<void>;
}

/**
 * Runs a service for the life of its process: main.ts is a call of this. SIGTERM and SIGINT
 * finish what was begun and exit with 0; a start that fails, a lost connection that can't come
 * back, or a stop that takes too long exit with 1.
 */
export async function runService(
  module: Type<unknown> | DynamicModule,
  { service, prepare = async () => undefined }: RunOptions,
): Promise<void> {
  const stop = stopSignal();
  const logger = new Logger('Service');
  try {
    Logger.overrideLogger(new JsonLogger({ service, level: 'info' }));
    const config = loadConfig(BusConfig);
    Logger.overrideLogger(new JsonLogger({ service, level: config.LOG_LEVEL }));
    const telemetry = initTelemetry({
      service: microName(service),
      version: VERSION,
      exporting: config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
    });
    let ready = notReady('starting');
    const health = { ready: () => ready(), metrics: () => telemetry.metrics() };
    if (config.HEALTH_LISTEN) await serveHealth(config.HEALTH_LISTEN, health);
    const app = await Promise.race([prepare().then(() => start(module)), stop]);
    if (!app) process.exit(0);
    const connection = app.get<NatsConnection>(NATS);
    // A round trip: connected, and the server knows what we subscribed to.
    ready = () => connection.flush();
    const failure = await Promise.race([stop, connection.closed()]);
    ready = notReady('stopping');
    exitUnlessStopped(logger);
    await app.close();
    await telemetry.shutdown();
    if (failure) throw failure;
    process.exit(0);
  } catch (error) {
    logger.fatal(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  }
}

async function start(module: Type<unknown> | DynamicModule) {
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(module, {
    inject: [BusServer],
    useFactory: (strategy: BusServer) => ({ strategy }),
    abortOnError: false,
  } as AsyncMicroserviceOptions);
  await app.listen();
  return app;
}

function exitUnlessStopped(logger: Logger): void {
  const giveUp = () => {
    logger.fatal(`did not stop within ${STOP_MS / 1_000} s`);
    process.exit(1);
  };
  setTimeout(giveUp, STOP_MS).unref();
}

const notReady = (reason: string) => () => Promise.reject<void>(new Error(reason));

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
