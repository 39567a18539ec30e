// SPDX-License-Identifier: Apache-2.0
import { type EndpointContract } from '@l45/contracts';
import {
  applyDecorators,
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  UseFilters,
} from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';

export const BUS_TRANSPORT = Symbol('BUS_TRANSPORT');

/** Nest's own filter logs errors and replaces them; the server wants them as they are. */
@Catch()
class PassOn implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * The method answers a request of the protocol: it gets the request validated, as an instance
 * of its class, and what it returns is the answer. It throws an `L45Error` to refuse.
 *
 * ```ts
 * @Bus(ENDPOINTS.deployer.deploy)
 * deploy(request: DeployRequest): Promise<Deployment> { … }
 * ```
 */
export const Bus = <Request extends object, Reply>(
  contract: EndpointContract<Request, Reply>,
): (<Method extends (request: Request) => Reply | Promise<Reply>>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void) =>
  applyDecorators(
    MessagePattern(contract.subject, BUS_TRANSPORT, { contract }),
    UseFilters(new PassOn()),
  );
