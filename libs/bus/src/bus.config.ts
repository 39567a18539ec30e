// SPDX-License-Identifier: Apache-2.0
import { LOG_LEVELS, type LogLevel } from '@l45/telemetry';
import { IsIn, IsOptional, IsString, IsUrl, Matches } from 'class-validator';

const SERVERS = /^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/;

/** What every service reads from the environment. */
export class BusConfig {
  /** Servers, separated by commas. */
  @Matches(SERVERS, { message: '$property must be nats://host:port, or several with commas' })
  NATS_URL = 'nats://127.0.0.1:4222';

  /** File with the credentials of this service's NATS user; an agent that enrols makes it. */
  @IsOptional()
  @IsString()
  NATS_CREDS?: string;

  /** File with the certificates of authorities to trust; absent: those that Node trusts. */
  @IsOptional()
  @IsString()
  NATS_CA?: string;

  /** Files with this service's certificate and its key, for servers that ask for one. */
  @IsOptional()
  @IsString()
  NATS_CERT?: string;

  @IsOptional()
  @IsString()
  NATS_KEY?: string;

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: LogLevel = 'info';

  /** Where spans and metrics go; absent: nowhere. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true })
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  /** Where probes and scrapes of metrics are answered, over HTTP; absent: nowhere. */
  @IsOptional()
  @Matches(/^\S*:\d+$/, { message: '$property must be host:port, or :port for every address' })
  HEALTH_LISTEN?: string;
}
