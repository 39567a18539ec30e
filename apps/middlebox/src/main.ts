// SPDX-License-Identifier: Apache-2.0
import { runService } from '@l45/bus';
import { MiddleboxModule } from './middlebox.module.js';

await runService(MiddleboxModule, { service: 'middlebox' });
