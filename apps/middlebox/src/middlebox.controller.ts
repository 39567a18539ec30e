// SPDX-License-Identifier: Apache-2.0
import { Bus, VERSION } from '@l45/bus';
import { ENDPOINTS, type ServiceInfo } from '@l45/contracts';
import { Controller } from '@nestjs/common';

@Controller()
export class MiddleboxController {
  @Bus(ENDPOINTS.middlebox.info)
  info(): ServiceInfo {
    return { service: 'middlebox', version: VERSION, capabilities: [] };
  }
}
