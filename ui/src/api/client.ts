import createClient from 'openapi-fetch';
import type { components, paths } from './schema.gen';

/** The server's own words for what went wrong (RFC 9457). */
export type Problem = components['schemas']['Problem'];

/** A call that was refused or got no answer; carries what a person needs to go on. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Whether an error says that a run exists but has nothing of this kind: no record so far, no spec, no log. */
export function isAbsence(error: unknown): error is ApiError {
  return (
    error instanceof ApiError && ['no-record', 'no-spec', 'no-log'].includes(error.problem.code)
  );
}

/** Calls of `/api/*`, typed by the API's description. Same origin, so no address is configured. */
export const http = createClient<paths>({ baseUrl: '' });

/**
 * The body of an answer.
 *
 * @throws ApiError when the server refuses, answers with something foreign, or cannot be reached.
 */
export async function bodyOf<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let answer: Awaited<typeof call>;
  try {
    answer = await call;
  } catch (cause) {
    // A cancelled query is no error to show.
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError({
      title: 'The server does not answer',
      status: 0,
      code: 'unreachable',
      detail: 'The server does not answer.',
      hint: 'Check that `tinderbox serve` is still running; this page recovers by itself.',
      request_id: '',
    });
  }
  if (answer.data !== undefined) return answer.data;
  throw new ApiError(problemOf(answer.error, answer.response));
}

/** The problem in an error body, or one that says the body is not ours. */
function problemOf(body: unknown, response: Response): Problem {
  if (typeof body === 'object' && body !== null && 'detail' in body && 'code' in body) {
    return body as Problem;
  }
  return {
    title: 'Unexpected answer',
    status: response.status,
    code: 'foreign-answer',
    detail: `The server answered ${response.status} with something that is not Tinderbox's API.`,
    hint: 'Is there a proxy between this page and the server?',
    request_id: response.headers.get('x-request-id') ?? '',
  };
}
