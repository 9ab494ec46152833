"""Headers and cookie names every answer carries; used by the base handler, static files and the application."""

from urllib.parse import urlsplit

from conf.settings import Settings

#: `{outside}`: signing in or out may follow a form of ours, whose answer then leads on to the identity platform.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'{outside}; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
#: Same on every answer, whatever it is.
STANDING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}
TRANSPORT = "max-age=31536000; includeSubDomains"


def cookie_name(settings: Settings, purpose: str) -> str:
    """`__Host-eqicha-session` over TLS, `eqicha-session` on a developer's machine."""
    return f"{'__Host-' if settings.is_secure else ''}eqicha-{purpose}"


def framing_headers(policy: str) -> dict[str, str]:
    """For an answer that a page of ours may hold in a frame; `policy` is its standing Content-Security-Policy."""
    return {
        "Content-Security-Policy": policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
        "X-Frame-Options": "SAMEORIGIN",
    }


def standing_headers(settings: Settings) -> dict[str, str]:
    """The standing headers of one deployment."""
    ends = [urlsplit(url) for url in (settings.identity_logout_url, settings.identity_url)]
    origins = dict.fromkeys(f" {end.scheme}://{end.netloc}" for end in ends if end.netloc)
    policy = POLICY.format(outside="".join(origins))
    return (
        STANDING
        | {"Content-Security-Policy": policy}
        | ({"Strict-Transport-Security": TRANSPORT} if settings.is_secure else {})
    )
