"""What a tenant tunes about joining: what is asked, who is refused, which texts are agreed to."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

Field = Literal["phone", "birth_date"]

THROW_AWAY = tuple(
    """
    10minutemail.com 10minutemail.net 20minutemail.com 33mail.com anonbox.net burnermail.io
    dispostable.com discard.email discardmail.com dropmail.me emailondeck.com emailtemporario.com.br
    fakeinbox.com fakemail.net getairmail.com getnada.com guerrillamail.biz guerrillamail.com
    guerrillamail.de guerrillamail.info guerrillamail.net guerrillamail.org inboxbear.com
    inboxkitten.com mail-temp.com mailcatch.com maildrop.cc mailinator.com mailnesia.com
    mailpoof.com mailsac.com minuteinbox.com moakt.com mohmal.com mytemp.email nada.email
    sharklasers.com spam4.me spamgourmet.com temp-mail.io temp-mail.org tempail.com tempmail.com
    tempmail.dev tempmailo.com tempr.email throwaway.email throwawaymail.com trashmail.com
    trashmail.de trashmail.net tmail.io wegwerfmail.de wegwerfmail.net yopmail.com yopmail.fr
    yopmail.net
    """.split()
)


class LegalText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A text in one language: a title and paragraphs parted by empty lines."""

    title: Annotated[str, Meta(min_length=1, max_length=120)]
    body: Annotated[str, Meta(min_length=1, max_length=40_000)]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A legal text clients accept. A new `version` asks everyone to accept again."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,39}$")]
    version: Annotated[str, Meta(min_length=1, max_length=20)] = "1"
    texts: dict[str, LegalText]

    def __post_init__(self) -> None:
        if "en" not in self.texts:
            raise Unfit("the legal text {code} needs at least English", code=self.code)

    def in_language(self, language: str) -> LegalText:
        return self.texts.get(language) or self.texts["en"]

    def language_shown(self, language: str) -> str:
        return language if language in self.texts else "en"


TERMS = Document(
    code="terms",
    texts={
        "en": LegalText(
            title="Terms of business",
            body="These terms govern the account you open with us, the services we provide to "
            "you and the money we hold for you.\n\nWe keep client money apart from our own. You "
            "may ask for it back at any time; we return it to where it came from as far as the "
            "law on the prevention of money laundering asks.\n\nWe may refuse or end the "
            "relationship in writing. You may close your account at any time once open positions "
            "are closed and the balance is withdrawn.",
        ),
        "es": LegalText(
            title="Condiciones del servicio",
            body="Estas condiciones rigen la cuenta que abre con nosotros, los servicios que le "
            "prestamos y el dinero que custodiamos por usted.\n\nMantenemos el dinero de los "
            "clientes separado del nuestro. Puede pedir su devolución en cualquier momento; lo "
            "devolvemos al origen en la medida en que lo exige la normativa de prevención del "
            "blanqueo de capitales.\n\nPodemos rechazar o terminar la relación por escrito. Puede "
            "cerrar su cuenta en cualquier momento una vez cerradas las posiciones y retirado el "
            "saldo.",
        ),
        "ar": LegalText(
            title="شروط الخدمة",
            body="تحكم هذه الشروط الحساب الذي تفتحه لدينا والخدمات التي نقدمها لك والأموال التي "
            "نحتفظ بها لصالحك.\n\nنحتفظ بأموال العملاء منفصلة عن أموالنا. يمكنك طلب استرداد أموالك "
            "في أي وقت، ونعيدها إلى مصدرها بالقدر الذي تقتضيه قوانين مكافحة غسل الأموال.\n\nيجوز "
            "لنا رفض العلاقة أو إنهاؤها كتابة. ويمكنك إغلاق حسابك في أي وقت بعد إغلاق الصفقات "
            "المفتوحة وسحب الرصيد.",
        ),
    },
)
RISK_WARNING = Document(
    code="risk-warning",
    texts={
        "en": LegalText(
            title="Risk warning",
            body="Contracts for difference are complex and come with a high risk of losing money "
            "rapidly because of leverage. You should know how they work and whether you can "
            "afford the risk.\n\nNever trade with money you need to live on. Past results say "
            "nothing about the future.",
        ),
        "es": LegalText(
            title="Advertencia de riesgo",
            body="Los contratos por diferencias son instrumentos complejos y conllevan un alto "
            "riesgo de perder dinero rápidamente debido al apalancamiento. Debe saber cómo "
            "funcionan y si puede permitirse ese riesgo.\n\nNunca opere con dinero que necesite "
            "para vivir. Los resultados pasados no dicen nada del futuro.",
        ),
        "ar": LegalText(
            title="تحذير من المخاطر",
            body="عقود الفروقات أدوات معقدة وتنطوي على مخاطر عالية لخسارة الأموال بسرعة بسبب "
            "الرافعة المالية. ينبغي أن تعرف كيف تعمل وما إذا كنت قادرا على تحمل هذه المخاطر.\n\n"
            "لا تتداول أبدا بأموال تحتاج إليها لمعيشتك. النتائج السابقة لا تدل على المستقبل.",
        ),
    },
)
PRIVACY = Document(
    code="privacy",
    texts={
        "en": LegalText(
            title="Privacy notice",
            body="We keep what the law asks of us and what the service needs: who you are, how to "
            "reach you, your documents, your money and your trades. It is stored encrypted, shown "
            "only to those whose work needs it, and every look at it is recorded.\n\nYou can "
            "download what we hold about you and close your account from your profile.",
        ),
        "es": LegalText(
            title="Aviso de privacidad",
            body="Conservamos lo que la ley nos exige y lo que el servicio necesita: quién es, "
            "cómo localizarle, sus documentos, su dinero y sus operaciones. Se guarda cifrado, "
            "solo lo ve quien lo necesita para su trabajo y cada consulta queda registrada.\n\n"
            "Puede descargar lo que tenemos sobre usted y cerrar su cuenta desde su perfil.",
        ),
        "ar": LegalText(
            title="إشعار الخصوصية",
            body="نحتفظ بما يطلبه القانون وما تحتاجه الخدمة: هويتك ووسائل الاتصال بك ومستنداتك "
            "وأموالك وصفقاتك. تخزن هذه البيانات مشفرة، ولا تعرض إلا لمن يحتاجها في عمله، ويسجل كل "
            "اطلاع عليها.\n\nيمكنك تنزيل ما نحتفظ به عنك وإغلاق حسابك من صفحة ملفك الشخصي.",
        ),
    },
)


class ClientSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Registration, the texts agreed to, and who a new client is given to.

    `assign_role` names the role among whose people new clients are shared out in turn; empty
    leaves them without an owner.
    """

    open: bool = True
    fields: tuple[Field, ...] = ("phone",)
    blocked_countries: tuple[str, ...] = ("CU", "IR", "KP", "SY", "US")
    disposable_domains: tuple[str, ...] = THROW_AWAY
    documents: tuple[Document, ...] = (TERMS, RISK_WARNING, PRIVACY)
    assign_role: Annotated[str, Meta(max_length=60)] = "Sales"
    code_tries: Annotated[int, Meta(ge=3, le=20)] = 5
    code_block_minutes: Annotated[int, Meta(ge=1, le=1440)] = 15
    code_life_hours: Annotated[int, Meta(ge=1, le=168)] = 24
    levels: tuple[str, ...] = ("none", "basic", "verified")

    def __post_init__(self) -> None:
        codes = [document.code for document in self.documents]
        if len(set(codes)) != len(codes):
            raise Unfit("two legal texts share a code")
        for code in self.blocked_countries:
            if len(code) != 2 or not code.isupper():
                raise Unfit("{code} is not a country's code of two capital letters", code=code)

    def document(self, code: str) -> Document | None:
        return next((one for one in self.documents if one.code == code), None)

    def versions(self) -> dict[str, str]:
        """The version in force of every text."""
        return {one.code: one.version for one in self.documents}
