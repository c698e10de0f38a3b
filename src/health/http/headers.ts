/** The headers of every answer. Pages load scripts and styles from this gateway alone, and nothing inline. */
import { secureHeaders } from 'hono/secure-headers';

export function securityHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
    // With no-referrer a browser posts forms with "Origin: null", and the guard takes them for another site's.
    referrerPolicy: 'same-origin',
    // The gateway's name has no certificate that browsers know; whether to insist on TLS is the store's decision.
    strictTransportSecurity: false,
    xFrameOptions: 'DENY',
  });
}
