// SPDX-License-Identifier: Apache-2.0
import { runService } from '@l45/bus';
import { MonitorModule } from './monitor.module.js';

await runService(MonitorModule, { service: 'monitor' });
