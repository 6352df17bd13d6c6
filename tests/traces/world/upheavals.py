"""What makes tokens die before their time: accounts, keys and Secrets that change."""

from . import manifests
from .tokens import Token


class Upheavals:
    """A part of the cluster; see there for its state."""

    def recreate_account(self, account, gap=1.0):
        """Somebody deletes a ServiceAccount and creates it again."""
        old, new = self.trust.account_uid_at(account, self.now), self.chance.uid()
        created = self.accounts_created[account]
        self.trust.accounts[account] += [(self.now, None), (self.now + gap, new)]
        self.accounts_created[account] = self.now + gap
        self.record("DELETED", manifests.service_account(account, old, created))
        self.after(gap, lambda: self.record("ADDED", manifests.service_account(account, new, self.now)))

    def delete_account(self, account):
        self.trust.accounts[account].append((self.now, None))
        uid = self.trust.account_uid_at(account, self.now - 1)
        self.record("DELETED", manifests.service_account(account, uid, self.accounts_created[account]))

    def rotate_key(self):
        """The API server comes back with another signing key: open watches end, and no old token is accepted."""
        self.trust.keys.append((self.now, f"key-{len(self.trust.keys) + 1}"))
        self.trust.forget()
        for workload in self.workloads:
            for pod in workload.pods:
                if not pod.gone:
                    for process in pod.processes:
                        process.cut()

    def secret_token(self, namespace, secret):
        self.trust.secrets[(namespace, secret)] = 1

    def regenerate_secret(self, namespace, secret):
        self.trust.secrets[(namespace, secret)] += 1

    def legacy_reader(self, workload):
        key = (workload.namespace, workload.secret)

        def read():
            uid = self.trust.account_uid_at(workload.account, self.now)
            version = self.trust.secrets[key]
            return Token(
                f"{'/'.join(key)}/{version}",
                0.0,
                None,
                workload.account,
                uid,
                "",
                secret=workload.secret,
                version=version,
            )

        return read
