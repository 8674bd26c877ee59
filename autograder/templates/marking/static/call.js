// Asking the server. Status 0: it does not answer.

export const GONE = 0, SIGNED_OUT = 401, REFUSED = 409, NAMELESS = 428;

export async function call(action, body = {}) {
  try {
    const response = await fetch(`/api/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20000),
    });
    return { status: response.status, data: await response.json() };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof DOMException) {
      return { status: GONE, data: { error: "The server does not answer." } };
    }
    throw error;
  }
}
