/* Passkeys: the browser's own dialog stands between a question of the server and its answer. */
import { csrf, on, toast } from "./dom.js";
import { free, refuse } from "./forms.js";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

/* An answer's JSON; null where it leads elsewhere; a refusal of the server is thrown as it is. */
async function sent(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { ...csrf(), "content-type": "application/json", accept: "application/json", "hx-request": "true", "hx-current-url": location.href },
    body: JSON.stringify(body),
  });
  const to = answer.headers.get("hx-redirect");
  if (to) { location.assign(to); return null; }
  const told = await answer.json();
  if (!answer.ok) throw { problem: told };
  return told;
}

async function held(does, asked) {
  const publicKey = { ...asked, challenge: bytes(asked.challenge), excludeCredentials: named(asked.excludeCredentials), allowCredentials: named(asked.allowCredentials) };
  if (does === "create") publicKey.user = { ...asked.user, id: bytes(asked.user.id) };
  const made = await navigator.credentials[does]({ publicKey });
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  if (does === "create") {
    response.attestationObject = text(made.response.attestationObject);
    response.transports = made.response.getTransports?.() ?? [];
  } else {
    response.authenticatorData = text(made.response.authenticatorData);
    response.signature = text(made.response.signature);
    if (made.response.userHandle) response.userHandle = text(made.response.userHandle);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, response };
}

/* A browser tells neither whether somebody cancelled nor whether nothing was found: only the time passed tells who was late. */
function why(form, failure, took, limit) {
  if (failure.name === "InvalidStateError") return form.dataset.known;
  if (failure.name === "NotAllowedError" || failure.name === "AbortError") return took >= limit ? form.dataset.late : form.dataset.cancelled;
  return form.dataset.unsupported;
}

on("submit", "form[data-passkey]", async function (event) {
  event.preventDefault();
  const does = this.dataset.passkey;
  const fields = Object.fromEntries([...new FormData(this)].filter(([name]) => !name.startsWith("_")));
  refuse(this, null);
  if (!window.PublicKeyCredential) { refuse(this, { detail: this.dataset.unsupported }); setTimeout(() => free(this), 150); return; }
  let began = 0;
  let limit = 0;
  try {
    const asked = await sent(this.dataset.ask, fields);
    if (!asked) return;
    began = performance.now();
    limit = asked.timeout;
    const credential = await held(does, asked).catch((failure) => { throw { detail: why(this, failure, performance.now() - began, limit) }; });
    if (!(await sent(this.getAttribute("action"), { credential }))) return;
  } catch (failure) {
    if (failure.problem ?? failure.detail) refuse(this, failure.problem ?? failure);
    else toast({ from: "toast-failed" });
  }
  setTimeout(() => free(this), 150);
});
