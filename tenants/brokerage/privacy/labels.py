"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.privacy",
    {
        "PrivacySettings.identity": N_("Who a client is: months kept after they left"),
        "PrivacySettings.documents": N_("Identity documents and papers: months kept"),
        "PrivacySettings.screening": N_("Results of checks: months kept"),
        "PrivacySettings.communications": N_("Letters and notes: months kept"),
        "PrivacySettings.financial": N_("Payment details: months kept"),
        "PrivacySettings.traces": N_("Traces of signing in: months kept"),
        "PrivacySettings.marketing": N_("Marketing data: months kept"),
        "answer_days": N_("A wish to be erased is answered within (days)"),
        "propose": N_("What has reached its end is proposed every night"),
    },
)
