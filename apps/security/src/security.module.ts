// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { Module } from '@nestjs/common';
import { SecurityController } from './security.controller.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'security',
      description: 'Identities, keys, signatures and challenges',
    }),
  ],
  controllers: [SecurityController],
})
export class SecurityModule {}
