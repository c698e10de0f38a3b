/** Who may log in, who is, and who has to wait. Users are made and changed on the box, where a password can be handed over. */
import { html } from 'hono/html';
import type { Viewer } from '../../base/access.ts';
import type { PeopleList } from '../shelf.ts';
import { many, span, type Times } from '../words.ts';
import type { Markup } from './layout.ts';
import { table } from './table.ts';

export function usersPage(people: PeopleList, viewer: Viewer, said: string | null, times: Times): Markup {
  return html`<h1>Users</h1>
${said === null ? '' : html`<p role="status" class="said">${said}</p>`}
${usersTable(people, times)}
<p class="note">On the box: <code>counterfoil user add</code>, <code>password</code>, <code>totp</code>, <code>roles</code>, <code>disable</code>. Each change is in the trail.</p>
${sessions(people, viewer, times)}
${locks(people)}
${breakGlass(people, times)}`;
}

function usersTable({ users }: PeopleList, times: Times): Markup {
  if (users.length === 0) {
    return html`<p>Nobody is defined: whoever stands at this box sees everything and nobody can sign. <code>counterfoil user add</code> makes the first user.</p>`;
  }
  return table(
    'Users',
    ['Name', 'Printed name', 'Roles', 'Second factor', 'Password set', 'State'],
    users.map(
      ({
        disabled,
        hasSecondFactor,
        name,
        passwordSetAtUtc,
        printedName,
        roles,
      }) => html`<tr><th scope="row">${name}</th>
<td>${printedName}</td><td>${roles.join(', ')}</td><td>${hasSecondFactor ? 'yes' : 'none'}</td>
<td>${times.short(Date.parse(passwordSetAtUtc))}</td><td>${disabled ? 'disabled' : 'may log in'}</td></tr>`,
    ),
  );
}

function sessions({ sessions: all }: PeopleList, { csrf, session: own }: Viewer, times: Times): Markup {
  return html`<section class="waiting"><h2>Logged in now <span class="badge">${all.length}</span></h2>
${
  all.length === 0
    ? html`<p>Nobody.</p>`
    : table(
        'Sessions',
        ['User', 'Roles', 'From', 'Since', 'Idle', 'End it'],
        all.map(
          ({
            address,
            id,
            idleMs,
            printedName,
            roles,
            sinceMs,
            user,
          }) => html`<tr><th scope="row">${user} <span class="note">${printedName}</span></th>
<td>${roles.join(', ')}</td><td>${address}</td><td>${times.short(sinceMs)}</td><td>${span(idleMs)}</td>
<td>${
            id === own
              ? 'yours'
              : html`<form method="post" action="/users/end"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="session" value="${id}"><button class="quiet" type="submit" aria-label="Log off ${user}, logged in ${times.short(sinceMs)}">Log off</button></form>`
          }</td></tr>`,
        ),
      )
}</section>`;
}

function locks({ locks: all }: PeopleList): Markup {
  return html`<section class="waiting"><h2>Locked out <span class="badge">${all.length}</span></h2>
${
  all.length === 0
    ? html`<p>Nobody has to wait.</p>`
    : html`<p>Somebody has tried too often. They may try again when the time is over; a new password on the box (<code>counterfoil user password</code>) opens a user at once. If it was not them, find out who is at that address.</p>
${table(
  'Locked out',
  ['User', 'From', 'Tries', 'Waits'],
  all.map(
    ({ address, failures, user, waitMs }) =>
      html`<tr><th scope="row">${user ?? 'everybody'}</th><td>${address ?? 'everywhere'}</td><td>${many(failures, 'try', 'tries')}</td><td>${span(waitMs)}</td></tr>`,
  ),
)}`
}</section>`;
}

function breakGlass({ breakGlass: glass }: PeopleList, times: Times): Markup {
  if (glass === null) {
    return html`<section class="waiting"><h2>Emergency code</h2><p>None is sealed. <code>counterfoil user break-glass</code> makes one for the envelope.</p></section>`;
  }
  const { sealedAtUtc, usedAtUtc } = glass;
  return html`<section class="waiting"><h2>Emergency code</h2><p>Sealed ${times.long(Date.parse(sealedAtUtc))}${
    usedAtUtc === null
      ? ', not used.'
      : html`; <b>used ${times.long(Date.parse(usedAtUtc))}</b>. Find out by whom and why, then seal a new one: <code>counterfoil user break-glass</code>.`
  }</p></section>`;
}
