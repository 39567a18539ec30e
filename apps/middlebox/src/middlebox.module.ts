// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { Module } from '@nestjs/common';
import { MiddleboxController } from './middlebox.controller.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'middlebox',
      description: 'Inverse modules, by which middleboxes read customized traffic',
    }),
  ],
  controllers: [MiddleboxController],
})
export class MiddleboxModule {}
