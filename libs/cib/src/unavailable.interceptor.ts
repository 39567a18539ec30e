// SPDX-License-Identifier: Apache-2.0
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { unavailable } from './transactions.js';
import { isUnavailable } from './unavailable.js';

/** Lets a request that meets a database outage end in UNAVAILABLE instead of INTERNAL. */
@Injectable()
export class UnavailableInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(
        catchError((error: unknown) =>
          throwError(() => (isUnavailable(error) ? unavailable(error) : error)),
        ),
      );
  }
}
