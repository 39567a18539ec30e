// SPDX-License-Identifier: Apache-2.0
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MinLength } from 'class-validator';
import { BusConfig } from './bus.config.js';
import { loadConfig } from './config.js';

class ExampleConfig {
  @MinLength(8) SECRET: string;
  @Type(() => Number) @IsInt() @Max(64) JOBS = 2;
  @IsOptional() @IsString() FOLDER?: string;
}

describe('loadConfig', () => {
  it('converts what is set, and keeps defaults for what is absent or empty', () => {
    const config = loadConfig(ExampleConfig, { SECRET: '12345678', JOBS: '4', FOLDER: '' });
    expect(config).toBeInstanceOf(ExampleConfig);
    expect(config).toEqual({ SECRET: '12345678', JOBS: 4, FOLDER: undefined });
    expect(loadConfig(ExampleConfig, { SECRET: '12345678' }).JOBS).toBe(2);
  });

  it('lists every variable that is wrong, without its value', () => {
    const load = () => loadConfig(ExampleConfig, { SECRET: 'hunter2', JOBS: '1e9' });
    expect(load).toThrow(
      'Set these variables of the environment right:\n' +
        '  SECRET must be longer than or equal to 8 characters\n' +
        '  JOBS must not be greater than 64',
    );
    expect(load).not.toThrow('hunter2');
  });

  it('has defaults for all that the bus needs', () => {
    expect(loadConfig(BusConfig, {})).toMatchObject({
      NATS_URL: 'nats://127.0.0.1:4222',
      LOG_LEVEL: 'info',
    });
    expect(() => loadConfig(BusConfig, { NATS_URL: 'localhost', LOG_LEVEL: 'loud' })).toThrow(
      /NATS_URL.*\n.*LOG_LEVEL/,
    );
  });
});
