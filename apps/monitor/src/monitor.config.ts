// SPDX-License-Identifier: Apache-2.0
import { Type } from 'class-transformer';
import { IsInt, IsNumber, Max, Min } from 'class-validator';

export class MonitorConfig {
  /** Seconds between two samples of an instance's counters, which are taken while they change. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(86_400)
  L45_SAMPLE_SECONDS = 60;

  /** Days for which samples, events and instances that are gone are kept. */
  @Type(() => Number)
  @IsNumber()
  @Min(0.01)
  @Max(3_650)
  L45_RETENTION_DAYS = 7;

  /** Seconds for which a host is not as desired until that is an event. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(86_400)
  L45_DRIFT_SECONDS = 10;
}
