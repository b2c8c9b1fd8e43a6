"""Posts to a hook with Slack's own package and with Apprise, and prints what these say of it as one object of JSON."""

import json
import sys
import tempfile

import apprise
from slack_sdk.models.attachments import Attachment, AttachmentField
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
)
from slack_sdk.webhook import WebhookClient

server, token = sys.argv[1:]
slack = WebhookClient(f"http://{server}/hooks/{token}")
Text = RichTextElementParts.Text

sent = [
    slack.send(text="*deployed* <https://ci.example/7|#7> &amp; running :rocket:"),
    slack.send(
        text="Build 7 failed",
        blocks=[
            HeaderBlock(text="Build 7 failed"),
            DividerBlock(),
            SectionBlock(
                text=MarkdownTextObject(text="on *main*"),
                fields=["*Took:* 3 min"],
                accessory=ButtonElement(text="Log", action_id="log", url="https://ci.example/7/log"),
            ),
            RichTextBlock(
                elements=[
                    RichTextListElement(style="ordered", elements=[RichTextSectionElement(elements=[Text(text="one")])]),
                    RichTextPreformattedElement(elements=[Text(text="exit code 137")]),
                ]
            ),
            ContextBlock(elements=[MarkdownTextObject(text="by ann")]),
            ActionsBlock(elements=[ButtonElement(text="Again", action_id="again", url="https://ci.example/7/again")]),
        ],
    ),
    slack.send(
        attachments=[
            Attachment(
                text="load is 9",
                title="HighLoad",
                title_link="https://grafana.example/d/1",
                color="danger",
                fields=[AttachmentField(title="Host", value="web-1")],
                footer="Prometheus",
            )
        ]
    ),
]


def notify(url, **message):
    notifier = apprise.Apprise()
    assert notifier.add(url), url
    return bool(notifier.notify(**message))


with tempfile.NamedTemporaryFile(suffix=".log") as file:
    file.write(b"a line\n")
    file.flush()
    log = file.name
    notified = [
        notify(f"mmost://{server}/{token}", title="Backup", body="finished in **3 min**"),
        notify(f"json://{server}/hooks/{token}", title="Backup", body="failed: 磁盘已满", notify_type="failure", attach=log),
        notify(f"form://{server}/hooks/{token}", title="Backup", body="is late", notify_type="warning"),
    ]

print(json.dumps({"slack": [[answer.status_code, answer.body] for answer in sent], "apprise": notified}))
