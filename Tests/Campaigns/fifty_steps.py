"""A run of 50 steps that campaigns harm, and how they judge it."""
import collections, json, os, subprocess, tempfile

import processes


def cannot_mount():
    """Why this machine has no disks for a campaign; None: it has. Also a container's root may not mount."""
    with tempfile.TemporaryDirectory(prefix="drctl-mount-") as folder:
        image, disk = os.path.join(folder, "image"), os.path.join(folder, "disk")
        os.mkdir(disk)
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        for words in (["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, disk], ["umount", disk]):
            try:
                done = subprocess.run(words, capture_output=True, text=True)
            except OSError as error:
                return str(error)
            if done.returncode:
                return f"{words[0]}: {done.stderr.strip() or done.returncode}"
    return None


def runbook(ledgers, pause):
    """Every step writes its attempt into the run's ledger, which lies where no fault of the campaign reaches."""
    wait = f"sleep {pause}; " if pause else ""
    ledger = f'"{ledgers}/$DRCTL_RUN"'
    lines = ["apiVersion: drctl/v1", "kind: Runbook", "metadata: { name: fifty, title: Fifty steps, owner: tests }", "spec:",
             "  purpose: failover", "  width: 4", "  environments: { here: { for: real } }", "  steps:"]
    for number in range(50):
        effect = ("read", "idempotent", "checkable", "unsafe", "idempotent")[number % 5]
        needs = f", needs: [s{number - 10}, s{number - 10 + (3 if number % 10 < 7 else -7)}]" if number >= 10 else ""
        probe = f", probe: {{ run: [sh, -c, 'grep -q \"/s{number}#\" {ledger}'] }}" if effect == "checkable" else ""
        lines.append(f"    - {{ id: s{number}, run: [sh, -c, '{wait}echo \"$DRCTL_ATTEMPT\" >> {ledger}'], effect: {effect}{probe}{needs} }}")
    return "\n".join(lines) + "\n"


class Campaign:
    def __init__(self, drctl, folder, state=None, pause=0):
        self.drctl, self.folder, self.state = drctl, folder, state or os.path.join(folder, "state")
        self.book, self.ledgers = os.path.join(folder, "fifty.yaml"), os.path.join(folder, "ledgers")
        for path in (self.state, self.ledgers):
            os.makedirs(path, exist_ok=True)
        with open(self.book, "w") as file:
            file.write(runbook(self.ledgers, pause))
        self.environment = {**os.environ, "DRCTL_STATE": self.state}
        self.as_user = []

    def start(self, words, log, **extra):
        return subprocess.Popen([self.drctl, *words], env={**self.environment, **extra}, stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log)

    def path(self, name, *parts):
        return os.path.join(self.state, "runs", name, *parts)

    def supervisors(self, name):
        return processes.supervisors(self.path(name))

    def ledger(self, name):
        try:
            with open(os.path.join(self.ledgers, name)) as file:
                return [line.strip().split("/", 1)[1] for line in file]
        except OSError:
            return []

    def ask(self, *words):
        """What whoever started the runs asks of drctl, or tells it."""
        return subprocess.run([*self.as_user, self.drctl, *words], env=self.environment, capture_output=True, text=True)

    def status(self, name):
        try:
            return json.loads(self.ask("status", name, "--json").stdout)["result"] or {}
        except (ValueError, KeyError):
            return {}

    def waiting(self, name, what):
        """The steps that wait for something of a person, by a word of what they wait for."""
        return [entry["step"] for entry in self.status(name).get("waiting", []) if what in entry["for"]]

    def answer(self, name):
        """A person looks into the ledger, and says of what is in doubt whether it was carried out."""
        doubted = self.waiting(name, "in doubt")
        for step in doubted:
            ran = any(attempt.startswith(step + "#") for attempt in self.ledger(name))
            self.ask("resolve", name, step, "--as", "done" if ran else "retry", "--reason", "looked")
        return len(doubted)

    def judge(self, name):
        faults, succeeded, known, closed = [], set(), set(), None
        with open(self.path(name, "journal.jsonl")) as journal:
            for line in journal:
                event = json.loads(line)
                data, kind = event.get("data"), event.get("event")
                if data is None:
                    continue
                if kind == "stepSucceeded":
                    succeeded.add(data["step"])
                elif kind == "attemptIntended":
                    known.add(data["attempt"])
                    if data["attempt"].split("#")[0] in succeeded and "/" not in data["attempt"]:
                        faults.append(f"{data['attempt']} after the step had succeeded")
                elif kind == "runClosed":
                    closed = data["outcome"]
        if closed == "refused":
            # No supervisor could be had from the beginning: nothing was done.
            return [f"refused, and did something: {known}"] if known or self.ledger(name) else []
        if closed != "succeeded" or len(succeeded) != 50:
            faults.append(f"closed as {closed}, with {len(succeeded)} steps done")
        ledger = collections.Counter(self.ledger(name))
        faults += [f"{attempt} was carried out {count} times" for attempt, count in ledger.items() if count > 1]
        faults += [f"{attempt} was carried out and is not in the journal" for attempt in ledger if attempt not in known]
        steps = collections.Counter(attempt.split("#")[0] for attempt in ledger)
        faults += [f"s{number}, which is unsafe, was carried out {steps[f's{number}']} times"
                   for number in range(3, 50, 5) if steps[f"s{number}"] != 1]
        verified = self.ask("evidence", "verify", self.path(name))
        if "intact" not in verified.stdout:
            faults.append("evidence: " + verified.stdout[-300:] + verified.stderr[-300:])
        if self.supervisors(name):
            faults.append("a supervisor lives on")
        return faults
