// SPDX-License-Identifier: Apache-2.0
import { Bus, VERSION } from '@l45/bus';
import { ENDPOINTS, type ServiceInfo } from '@l45/contracts';
import { Controller } from '@nestjs/common';

@Controller()
export class SecurityController {
  @Bus(ENDPOINTS.security.info)
  info(): ServiceInfo {
    return { service: 'security', version: VERSION, capabilities: [] };
  }
}
