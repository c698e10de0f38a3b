/**
 * The page on which a person signs: what the act is about, what it does, why they do it, and their password and code again
 * (21 CFR 11.200). Then the page that says what was done, with printed name, time and meaning.
 */
import { html } from 'hono/html';
import type { WaitingItem } from '../../buffer/api.ts';
import type { Markup } from '../pages/layout.ts';
import type { Field } from './correction.ts';
import { subjectText } from './items.ts';
import { type Desk, itemTable } from './list-page.ts';
import type { ActDone, ActRefused, Step } from './ports.ts';
import { counted, STEP_WORDS } from './words.ts';

export interface Signing {
  readonly step: Step;
  readonly actId: string;
  readonly items: readonly WaitingItem[];
  /** Labels of what was chosen and waits no more. */
  readonly gone: readonly string[];
  readonly meaning: string;
  /** Of the corrected record; empty unless `resolve`. */
  readonly correction: readonly Field[];
  readonly refused: ActRefused | null;
}

export function signPage(signing: Signing, desk: Desk): Markup {
  const { actId, correction, gone, items, meaning, refused, step } = signing;
  const { verb, means } = STEP_WORDS[step];
  const { viewer } = desk;
  return html`<nav class="back" aria-label="Back"><a href="/waiting">What waits for a person</a></nav>
<h1>${verb} ${counted(items.length)}</h1>
<p>${means}</p>
${refused === null ? '' : html`<div class="refusal" role="alert"><p><b>Not done: ${refused.message}.</b></p><p>${refused.hint}</p></div>`}
${gone.length === 0 ? '' : html`<p class="refusal">These wait no more, somebody has ended them: ${gone.join(', ')}.</p>`}
${itemTable('What this is about', items, desk, false)}
<form method="post" action="/waiting/sign" class="fields">
${hiddenFields(viewer.csrf, step, actId, items.map(subjectText))}
${correction.length === 0 ? '' : html`<fieldset><legend>The corrected record</legend>${correctionFields(correction)}</fieldset>`}
<fieldset><legend>Your signature</legend>
<p>Signed as <b>${viewer.printedName}</b>, with the time at which you sign and this meaning:</p>
<label for="meaning">Meaning: why you do this</label>
<input id="meaning" name="meaning" maxlength="500" required value="${meaning}" autocomplete="off" aria-describedby="meaning-note">
<p class="note" id="meaning-note">It stands in the trail and in reports for ever. No names or data of patients.</p>
<label for="password">Your password, again</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="code">Code of your authenticator, if you have one</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" aria-describedby="code-note">
<p class="note" id="code-note">Each code is good once: if you have just logged in with it, wait for the next one.</p>
</fieldset>
<p class="acts"><button class="button" type="submit" name="go" value="sign">Sign: ${verb.toLowerCase()} ${counted(items.length)}</button> <a href="/waiting">Sign nothing</a></p>
</form>`;
}

export function donePage(step: Step, subjects: readonly string[], done: ActDone, { times }: Desk): Markup {
  const { correction, meaning, printedName, signedAtMs, trail } = done;
  return html`<h1>${STEP_WORDS[step].past}: ${counted(subjects.length)}</h1>
<section class="tile"><dl>
<div><dt>Signed by</dt><dd>${printedName}</dd></div>
<div><dt>At</dt><dd>${times.long(signedAtMs)}</dd></div>
<div><dt>Meaning</dt><dd>${meaning}</dd></div>
<div><dt>About</dt><dd>${subjects.join(', ')}</dd></div>
${correction === null ? '' : html`<div><dt>Corrected record</dt><dd>${correctionWords(correction)}</dd></div>`}
<div><dt>In the trail</dt><dd>${trail.log}, entry ${trail.index}</dd></div></dl></section>
<p class="acts"><a class="button" href="/waiting">What waits for a person</a></p>`;
}

function correctionWords({ sequence, state, status }: NonNullable<ActDone['correction']>): string {
  const name = sequence === null ? status : `record ${sequence}`;
  return state === 'HELD' ? `${name}, held until a pharmacist releases it` : `${name}, on its way to the PMS`;
}

/** Nothing was done, and there is nothing to sign any more. */
export function refusedPage({ hint, message }: ActRefused): Markup {
  return html`<h1>Nothing was done</h1>
<div class="refusal" role="alert"><p><b>${message.charAt(0).toUpperCase()}${message.slice(1)}.</b></p><p>${hint}</p></div>
<p class="acts"><a class="button" href="/waiting">What waits for a person</a></p>`;
}

/** `actId` null: made when the person comes to sign. */
export function hiddenFields(csrf: string, step: Step, actId: string | null, subjects: readonly string[]): Markup {
  return html`<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="step" value="${step}">
${actId === null ? '' : html`<input type="hidden" name="act_id" value="${actId}">`}
${subjects.map((subject) => html`<input type="hidden" name="subject" value="${subject}">`)}`;
}

export function correctionFields(fields: readonly Field[]): Markup[] {
  return fields.map(({ label, name, required, value }) => {
    const id = `field-${name}`;
    return required
      ? html`<label for="${id}">${label}</label><input id="${id}" name="${name}" value="${value}" required autocomplete="off">`
      : html`<label for="${id}">${label}</label><input id="${id}" name="${name}" value="${value}" autocomplete="off">`;
  }) as Markup[];
}
