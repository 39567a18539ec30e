// SPDX-License-Identifier: Apache-2.0
import { LOG_LEVELS, type LogLevel } from '@l45/telemetry';
import { IsIn, IsOptional, IsString, IsUrl, Matches } from 'class-validator';

const SERVERS = /^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/;

/** What every service reads from the environment. */
export class BusConfig {
  /** Servers, separated by commas. */
  @Matches(SERVERS, { message: '$property must be nats://host:port, or several with commas' })
  NATS_URL = 'nats://127.0.0.1:4222';

  /** File with the credentials of this service's NATS user. */
  @IsOptional()
  @IsString()
  NATS_CREDS?: string;

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: LogLevel = 'info';

  /** Where spans go; absent: nowhere. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true })
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;
}
