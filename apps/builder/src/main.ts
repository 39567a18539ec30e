// SPDX-License-Identifier: Apache-2.0
import { runService } from '@l45/bus';
import { BuilderModule } from './builder.module.js';

await runService(BuilderModule, { service: 'builder' });
