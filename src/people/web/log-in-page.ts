/** The page to log in: a form without a script, so that it works in every browser and under the strictest policy. */
import { html } from 'hono/html';

/** `problem`: why the try before was refused, in our words; nothing of what was typed is shown again. */
export function logInPage(gatewayId: string, problem: string | null) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in: Counterfoil ${gatewayId}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>Counterfoil ${gatewayId}</h1>
${problem === null ? '' : html`<p role="alert">${problem}</p>`}
<form method="post" action="/login">
<label for="user">Name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="code">Code of the authenticator, if you have one</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6">
<button type="submit">Log in</button>
</form>
<details>
<summary>Emergency: open with the sealed code</summary>
<p>It is good once, opens the gateway for a short time, and everybody who watches it is told.</p>
<form method="post" action="/login">
<label for="break_glass">Code from the envelope</label>
<input id="break_glass" name="break_glass" autocomplete="off" required>
<label for="printed_name">Your name</label>
<input id="printed_name" name="printed_name" autocomplete="name" maxlength="128" required>
<button type="submit">Open</button>
</form>
</details>
</main>
</body>
</html>
`;
}

export const LOG_IN_CSS = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 3rem auto; padding: 0 1rem; }
form { display: grid; gap: 0.5rem; }
input, button { font: inherit; padding: 0.5rem; border: 1px solid GrayText; border-radius: 0.25rem; }
button { margin-top: 0.5rem; cursor: pointer; }
[role="alert"] { border-left: 0.25rem solid #b00020; padding-left: 0.75rem; }
details { margin-top: 2rem; }
`;
