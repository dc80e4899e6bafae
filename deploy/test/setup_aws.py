"""The road of docs/aws-setup.md against an emulated account: plan, apply, apply again, new data, drift, rights, events,
destroy. What is there is looked at with boto3, as somebody else would."""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

BINARY, WORK = sys.argv[1], Path(sys.argv[2])
ENDPOINT = os.environ["LAKEFRONT_TEST_AWS"]
REGION, NAME, ACCOUNT = "eu-central-1", "test-lake", "000000000000"
BUCKET = f"{NAME}-{ACCOUNT}-{REGION}"
STACK, DATABASE, TABLE = f"lakefront-{NAME}", "test_lake", "sales"
DOCS = Path("docs/aws-setup.md")
passed = 0


def check(what, good, detail=""):
    global passed
    if not good:
        sys.exit(f"FAILED  {what}\n{detail}")
    passed += 1
    print(f"ok      {what}")


def client(service, keys=None, endpoint=ENDPOINT):
    keys = keys or {"AccessKeyId": "test", "SecretAccessKey": "test"}
    return boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, verify=os.environ["SSL_CERT_FILE"],
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"))


class Lakefront:
    """The program with somebody's keys; questions get no answer."""

    def __init__(self, keys, endpoint=ENDPOINT):
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "LAKEFRONT_DATA_DIR": str(WORK / "data"),
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}

    def __call__(self, *arguments, expect=0, typed=""):
        done = subprocess.run([BINARY, *arguments], env=self.environment, input=typed, capture_output=True, text=True)
        if done.returncode != expect:
            sys.exit(f"FAILED  {' '.join(arguments)}: exit code {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def killed_at(self, word, *arguments):
        """Runs it until it says a word on standard error, and gives it no chance to clean up."""
        run = subprocess.Popen([BINARY, *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in run.stderr:
            if word in line:
                run.kill()
        return run.wait()

    def setup(self, command, *more, expect=0):
        return self("setup", "aws", command, "--name", NAME, *more, expect=expect)


def write_csv(path, days, skip=()):
    """Quotes, commas, line breaks and empty values in it. Sums of cents by state, and the number of rows."""
    sums, rows = {}, 0
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Sold At", "Day", "State", "Item No", "Note", "Price €"])
        for day in range(days):
            for row in range(500):
                state = ("CA", "NY", "TX", "WA")[row % 4]
                if state in skip:
                    continue
                cents = (day * 7919 + row * 104_729) % 10_000
                note = ('plain', 'with, comma', 'with "quotes"', 'two\nlines', '')[row % 5]
                date = f"2025-03-{day + 1:02}"
                writer.writerow([f"{date} 10:00:{row % 60:02}", date, state, row, note, f"{cents / 100:.2f}"])
                sums[state] = sums.get(state, 0) + cents
                rows += 1
    return sums, rows


def user(name, statements, endpoint=ENDPOINT):
    iam = client("iam", endpoint=endpoint)
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    return iam.create_access_key(UserName=name)["AccessKey"]


def keys_of_role(role, keys=None):
    arn = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{role}"
    return client("sts", keys).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]


def allowed(call):
    try:
        call()
        return True
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedAccess"):
            return False
        # Judged before it is looked for: what is not there was allowed.
        if code in ("NoSuchKey", "404", "InvalidRequestException", "NoSuchUpload", "EntityNotFoundException",
                    "ReceiptHandleIsInvalid", "InvalidParameterException", "ValidationException"):
            return True
        raise


def documented_policy():
    """The policy that the manual gives whoever runs this, filled in."""
    block = re.search(r"```json\n(\{.*?\n\})\n```", DOCS.read_text(), re.S).group(1)
    for word, value in (("ACCOUNT", ACCOUNT), ("REGION", REGION), ("NAME", NAME)):
        block = block.replace(word, value)
    return json.loads(block.replace("DATABASE", DATABASE))["Statement"]


def versions(s3):
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    return sorted((entry["Key"], entry["VersionId"]) for page in pages for entry in page.get("Versions", []))


def queried(lakefront, engine="embedded"):
    sql = f"SELECT state, sum(price__) AS price FROM {DATABASE}.{TABLE} GROUP BY state"
    out, _ = lakefront("query", "--catalog", DATABASE, "--engine", engine, "--format", "csv", sql)
    return {row["state"]: round(float(row["price"]) * 100) for row in csv.DictReader(out.splitlines())}


def main():
    WORK.mkdir(parents=True)
    sales = WORK / f"{TABLE}.csv"
    sums, rows = write_csv(sales, 6)
    lakefront = Lakefront(user("deployer", documented_policy()))

    # Nothing is asked of AWS.
    template = json.loads(Lakefront({"AccessKeyId": "x", "SecretAccessKey": "x"}).setup(
        "plan", "--csv", str(sales), "--print-template", "--webhook", "https://l.example.com/api/v1/events/s3")[0])
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    check("--print-template prints one, with the webhook's parts",
          {"AWS::Events::ApiDestination", "AWS::Events::Connection"} <= kinds and "WebhookToken" in template["Parameters"])

    refused = Lakefront(user("nobody", [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]))
    _, told = refused.setup("plan", "--csv", str(sales), expect=1)
    check("a missing right is named with its line of policy",
          "cloudformation:DescribeStacks" in told and '"Effect": "Allow"' in told, told)
    lakefront("setup", "aws", "plan", "--name", "No", "--csv", str(sales), expect=2)
    _, told = lakefront.setup("plan", "--csv", str(sales), "--partition-by", "note", expect=1)
    check("a column that can't divide the table is refused with the reason", "rows have no value" in told, told)

    out, told = lakefront.setup("plan", "--csv", str(sales))
    plan = out.splitlines()
    check("a plan adds every resource", len(plan) == 15 and all(line.startswith("+ ") for line in plan), out)
    check("a plan says why it partitions as it does", "Partition key: day (6 values" in told, told)
    check("a plan says what it costs", "a month for storage" in told, told)
    cloudformation = client("cloudformation")
    check("a plan leaves nothing behind", not cloudformation.describe_stacks()["Stacks"] and not (WORK / "data").exists())

    out, told = lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state")
    check("apply ends with a first query and its price", out.splitlines()[-1] == str(rows) and "First query" in told, out)
    check("apply tells of each resource", "CREATE_COMPLETE" in told and "Workgroup (AWS::Athena::WorkGroup)" in told)
    check("the table has the CSV's values", queried(lakefront) == sums, queried(lakefront))

    s3, glue, athena = client("s3"), client("glue"), client("athena")
    check("the bucket is versioned", s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled")
    # The emulator's stacks leave these out: they are looked at in the template that it was given.
    body = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    bucket = template["Resources"]["Bucket"]["Properties"]
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    check("the bucket's template encrypts", rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256")
    block = bucket["PublicAccessBlockConfiguration"]
    check("it blocks public access", len(block) == 4 and all(block.values()), block)
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    check("its results expire", (rules["results"]["Prefix"], rules["results"]["ExpirationInDays"]) == ("results/", 30), rules)
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    check("calls without TLS are denied", any(
        statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["Statement"]), policy)
    found = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    check("the table counts its partitions up", found["Parameters"]["projection.state.values"] == "CA,NY,TX,WA"
          and [key["Name"] for key in found["PartitionKeys"]] == ["state"], found)
    check("columns have the CSV's types", {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]} == {
        "sold_at": "timestamp", "day": "date", "item_no": "bigint", "note": "string", "price__": "double"}, found)
    group = athena.get_work_group(WorkGroup=NAME)["WorkGroup"]["Configuration"]
    check("the workgroup is enforced and limited", group["EnforceWorkGroupConfiguration"] and
          group["BytesScannedCutoffPerQuery"] == 10_000_000_000 and
          group["ResultConfiguration"]["OutputLocation"] == f"s3://{BUCKET}/results/", group)
    data = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="data/")["Contents"]]
    check("a folder per partition", data == [f"data/{TABLE}/state={state}/00000.parquet" for state in sorted(sums)], data)
    check("the CSV itself is kept", s3.get_object(Bucket=BUCKET, Key=f"csv/{TABLE}.csv")["Body"].read() == sales.read_bytes())

    before = versions(s3)
    _, told = lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state")
    check("apply again changes nothing", told.count("no change") == 3 and versions(s3) == before, told)
    out, told = lakefront.setup("plan", "--csv", str(sales), "--partition-by", "state")
    check("so does a plan", out == "" and "no change" in told and "already" in told, out + told)

    out, _ = lakefront.setup("plan", "--csv", str(sales), "--partition-by", "state", "--scan-limit", "50000000")
    check("a plan shows what it modifies, and by which property",
          out.splitlines() == ["~ Workgroup (AWS::Athena::WorkGroup): modified: WorkGroupConfiguration"], out)
    check("a plan of a change changes nothing", athena.get_work_group(WorkGroup=NAME)["WorkGroup"]["Configuration"]
          ["BytesScannedCutoffPerQuery"] == 10_000_000_000)
    lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state", "--scan-limit", "50000000")
    check("apply makes the change", athena.get_work_group(WorkGroup=NAME)["WorkGroup"]["Configuration"]
          ["BytesScannedCutoffPerQuery"] == 50_000_000)

    sums, rows = write_csv(sales, 7, skip=("WA",))
    out, told = lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state")
    check("new data takes the place of the old", out.splitlines()[-1] == str(rows) and queried(lakefront) == sums, told)
    data = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="data/")["Contents"]]
    check("a partition that went is gone", not any("WA" in key for key in data), data)

    rights(lakefront)
    events(s3)
    terraform()

    _, told = lakefront.setup("drift")
    check("without drift the exit code is 0", "as the template says" in told, told)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    out, _ = lakefront.setup("drift", expect=1)
    check("drift is shown by property", "/VersioningConfiguration/Status: Suspended where the template says Enabled" in out, out)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    follows(lakefront, s3, rows)

    _, told = lakefront.setup("destroy", expect=1)
    check("destroy asks", "Say --yes" in told and len(cloudformation.describe_stacks(StackName=STACK)["Stacks"]) == 1, told)
    before = versions(s3)
    lakefront.setup("destroy", "--yes")
    check("destroy keeps the data", versions(s3) == before)
    check("and nothing else", gone())
    check("the catalog is forgotten", DATABASE not in lakefront("catalog", "list")[0])
    out, told = lakefront.setup("plan", "--csv", str(sales), "--partition-by", "state")
    check("a plan says that the kept bucket and its data are taken over",
          "takes it over as it is" in told and "holds the data of this CSV already" in told
          and "s3://" not in out and "AWS::S3::Bucket " not in out, out + told)
    out, _ = lakefront.setup("plan", "--csv", str(sales), "--partition-by", "day")
    check("and what would give way", any(line.startswith("~ s3://") and "in the place of" in line
                                         for line in out.splitlines()), out)
    check("a plan changes nothing in either", versions(s3) == before and gone())
    _, told = lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state")
    check("apply takes the kept bucket up again", "takes it over as it is" in told and versions(s3) == before, told)
    check("and its table answers", queried(lakefront) == sums)
    sums, rows = write_csv(sales, 28)
    killed = lakefront.killed_at("of CSV are in the bucket", "setup", "aws", "apply", "--name", NAME, "--csv", str(sales))
    out, _ = lakefront.setup("apply", "--csv", str(sales), "--partition-by", "state")
    check("killed while it writes, the next one makes it whole",
          killed == -9 and out.splitlines()[-1] == str(rows) and queried(lakefront) == sums)
    lakefront.setup("destroy", "--yes", "--delete-data")
    check("destroy --delete-data leaves nothing", gone() and BUCKET not in
          [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
    _, told = lakefront.setup("destroy", "--yes", "--delete-data")
    check("destroy again has nothing to do", "nothing to delete" in told, told)

    plain = os.environ["LAKEFRONT_TEST_AWS_PLAIN"]
    _, told = Lakefront(user("deployer", documented_policy(), plain), plain).setup("apply", "--csv", str(sales), expect=1)
    check("without TLS the bucket takes nothing, whatever the policy of the caller",
          "FORBIDDEN" in told and "denies it" in told, told)
    print(f"{passed} checks passed")


def gone():
    iam = client("iam")
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"].startswith(NAME)]
    policies = [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"].startswith(NAME)]
    databases = [database["Name"] for database in client("glue").get_databases()["DatabaseList"]]
    groups = [group["Name"] for group in client("athena").list_work_groups()["WorkGroups"]]
    queues = client("sqs").list_queues(QueueNamePrefix=NAME).get("QueueUrls", [])
    return not roles and not policies and DATABASE not in databases and NAME not in groups and not queues


def rights(lakefront):
    """Each role can do its work and nothing else: by the account's own judgement, and by calls."""
    client("s3").put_object(Bucket=BUCKET, Key="results/r.csv", Body=b"x")
    client("glue").create_database(DatabaseInput={"Name": "other"})
    client("s3").create_bucket(Bucket="other-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    client("s3").put_object(Bucket="other-bucket", Key="data/x", Body=b"x")
    client("athena").create_work_group(Name="other")
    data = f"data/{TABLE}/state=CA/00000.parquet"
    arn = lambda service, rest: f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"
    bucket = f"arn:aws:s3:::{BUCKET}"
    queue_url = client("sqs").get_queue_url(QueueName=f"{NAME}-objects")["QueueUrl"]
    readers, analysts, lakefronts, none = {"reader", "analyst", "lakefront"}, {"analyst", "lakefront"}, {"lakefront"}, set()
    analyst = {"analyst"}
    run = lambda c, group: c["athena"].start_query_execution(QueryString="SELECT 1", WorkGroup=group)
    # Who may, the action, its resource, and a call that makes it.
    matrix = [
        (readers, "s3:GetObject", f"{bucket}/{data}", lambda c: c["s3"].get_object(Bucket=BUCKET, Key=data)),
        (readers, "s3:ListBucket", bucket, lambda c: c["s3"].list_objects_v2(Bucket=BUCKET)),
        (readers, "s3:GetBucketLocation", bucket, lambda c: c["s3"].get_bucket_location(Bucket=BUCKET)),
        (readers, "glue:GetDatabases", arn("glue", "catalog"), lambda c: c["glue"].get_databases()),
        (readers, "glue:GetTables", arn("glue", f"table/{DATABASE}/*"), lambda c: c["glue"].get_tables(DatabaseName=DATABASE)),
        (readers, "glue:GetTable", arn("glue", f"table/{DATABASE}/{TABLE}"),
         lambda c: c["glue"].get_table(DatabaseName=DATABASE, Name=TABLE)),
        (readers, "glue:GetPartitions", arn("glue", f"table/{DATABASE}/{TABLE}"),
         lambda c: c["glue"].get_partitions(DatabaseName=DATABASE, TableName=TABLE)),
        (analysts, "athena:StartQueryExecution", arn("athena", f"workgroup/{NAME}"), lambda c: run(c, NAME)),
        (analysts, "athena:GetWorkGroup", arn("athena", f"workgroup/{NAME}"), lambda c: c["athena"].get_work_group(WorkGroup=NAME)),
        (analysts, "s3:GetObject", f"{bucket}/results/r.csv", lambda c: c["s3"].get_object(Bucket=BUCKET, Key="results/r.csv")),
        (analysts, "s3:PutObject", f"{bucket}/results/w", lambda c: c["s3"].put_object(Bucket=BUCKET, Key="results/w", Body=b"")),
        (lakefronts, "glue:UpdateTable", arn("glue", f"table/{DATABASE}/{TABLE}"), None),
        (none, "glue:UpdateTable", arn("glue", f"table/{DATABASE}/other"), None),
        (lakefronts, "sqs:ReceiveMessage", arn("sqs", f"{NAME}-objects"),
         lambda c: c["sqs"].receive_message(QueueUrl=queue_url, WaitTimeSeconds=0)),
        # The emulator does not find the workgroup of an execution: these three are judged and not called.
        (analyst, "athena:GetQueryExecution", arn("athena", f"workgroup/{NAME}"), None),
        (analysts, "athena:BatchGetQueryExecution", arn("athena", f"workgroup/{NAME}"), None),
        (analysts, "athena:GetQueryResults", arn("athena", f"workgroup/{NAME}"), None),
        (none, "sqs:GetQueueAttributes", arn("sqs", f"{NAME}-objects"),
         lambda c: c["sqs"].get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])),
        (none, "sqs:SendMessage", arn("sqs", f"{NAME}-objects"),
         lambda c: c["sqs"].send_message(QueueUrl=queue_url, MessageBody="x")),
        (none, "sqs:PurgeQueue", arn("sqs", f"{NAME}-objects"), lambda c: c["sqs"].purge_queue(QueueUrl=queue_url)),
        (none, "s3:PutObject", f"{bucket}/{data}", lambda c: c["s3"].put_object(Bucket=BUCKET, Key=data, Body=b"")),
        (none, "s3:DeleteObject", f"{bucket}/{data}", lambda c: c["s3"].delete_object(Bucket=BUCKET, Key=data)),
        (none, "s3:GetObject", f"{bucket}/csv/{TABLE}.csv", lambda c: c["s3"].get_object(Bucket=BUCKET, Key=f"csv/{TABLE}.csv")),
        (none, "s3:GetObject", f"{bucket}/setup/{TABLE}.json",
         lambda c: c["s3"].get_object(Bucket=BUCKET, Key=f"setup/{TABLE}.json")),
        (none, "s3:PutBucketPolicy", bucket, lambda c: c["s3"].put_bucket_policy(Bucket=BUCKET, Policy="{}")),
        (none, "s3:GetObject", "arn:aws:s3:::other-bucket/data/x",
         lambda c: c["s3"].get_object(Bucket="other-bucket", Key="data/x")),
        (none, "s3:ListBucket", "arn:aws:s3:::other-bucket", lambda c: c["s3"].list_objects_v2(Bucket="other-bucket")),
        (none, "glue:GetTables", arn("glue", "table/other/*"), lambda c: c["glue"].get_tables(DatabaseName="other")),
        (none, "glue:DeleteTable", arn("glue", f"table/{DATABASE}/{TABLE}"),
         lambda c: c["glue"].delete_table(DatabaseName=DATABASE, Name=TABLE)),
        (none, "glue:CreateTable", arn("glue", f"table/{DATABASE}/new"),
         lambda c: c["glue"].create_table(DatabaseName=DATABASE, TableInput={"Name": "new"})),
        (none, "athena:StartQueryExecution", arn("athena", "workgroup/other"), lambda c: run(c, "other")),
        (none, "athena:StartQueryExecution", arn("athena", "workgroup/primary"), lambda c: run(c, "primary")),
        (none, "athena:UpdateWorkGroup", arn("athena", f"workgroup/{NAME}"),
         lambda c: c["athena"].update_work_group(WorkGroup=NAME, State="DISABLED")),
        (none, "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x", lambda c: c["iam"].create_user(UserName="x")),
        (none, "cloudformation:DeleteStack", arn("cloudformation", f"stack/{STACK}/*"),
         lambda c: c["cloudformation"].delete_stack(StackName=STACK)),
    ]
    iam = client("iam")
    for role in ("reader", "analyst", "lakefront"):
        keys = keys_of_role(role)
        clients = {service: client(service, keys) for service in ("s3", "glue", "athena", "sqs", "iam", "cloudformation")}
        for who, action, resource, call in matrix:
            may = role in who
            judged = iam.simulate_principal_policy(
                PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{role}", ActionNames=[action], ResourceArns=[resource])
            decision = judged["EvaluationResults"][0]["EvalDecision"]
            word = "may" if may else "may not"
            check(f"{role} {word} {action} on {resource.split(':', 5)[-1]}",
                  (decision == "allowed") == may and (call is None or allowed(lambda: call(clients)) == may), f"simulated: {decision}")


def terraform():
    """The module's policies against those that the stack made. Its resources need a provider that is not here."""
    if not shutil.which("terraform"):
        print("skipped: there is no terraform")
        return
    environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
    variables = {"name": NAME, "partition": "aws", "region": REGION, "account": ACCOUNT, "table": TABLE}
    environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
    folder = WORK / "terraform"
    shutil.copytree("deploy/terraform", folder)

    def run(*arguments):
        done = subprocess.run(["terraform", *arguments], cwd=folder / "policies", env=environment, capture_output=True, text=True)
        return done if done.returncode == 0 else sys.exit(f"FAILED  terraform {arguments[0]}\n{done.stdout}{done.stderr}")

    run("fmt", "-check", "-recursive", "..")
    run("init", "-no-color")
    run("apply", "-auto-approve", "-no-color")
    documents = json.loads(run("output", "-json").stdout)["documents"]["value"]
    iam = client("iam")
    for role, document in documents.items():
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-{role}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        made = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        check(f"Terraform gives a {role} the same rights", json.loads(document) == made, made)


def follows(lakefront, s3, rows):
    """A server started beside the set-up hears of a new file by itself; its listings at intervals are off."""
    lakefront("user", "add", "una@example.com", "--role", "admin", "--password-stdin", typed="three harmless words\n")
    token = lakefront("token", "create", "--user", "una@example.com", "--name", "test")[0].strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen([BINARY, "serve", "--listen", address], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env={**lakefront.environment, "LAKEFRONT_CATALOG_LINKED_INTERVAL_S": "0"})

    def count(condition=""):
        asked = {"sql": f"SELECT count(*) FROM {DATABASE}.{TABLE} {condition}", "catalog": DATABASE, "engine": "embedded"}
        request = urllib.request.Request(
            f"http://{address}/api/v1/executions?wait_s=30&result=json", json.dumps(asked).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["rows"][0][0]
        except urllib.error.URLError:
            return None

    def until(seconds, wanted):
        end = time.monotonic() + seconds
        while (found := count()) != wanted and time.monotonic() < end:
            time.sleep(0.2)
        return found

    try:
        check("a server reads the table", until(60, rows) == rows, count())
        copied = count("WHERE state = 'CA'")
        source = {"Bucket": BUCKET, "Key": f"data/{TABLE}/state=CA/00000.parquet"}
        s3.copy_object(Bucket=BUCKET, Key=f"data/{TABLE}/state=OR/new.parquet", CopySource=source)
        check("and follows a new file in a new partition, told by the queue", until(30, rows + copied) == rows + copied, count())
        _, told = lakefront.setup("apply", "--csv", str(WORK / f"{TABLE}.csv"), "--partition-by", "state")
        check("apply leaves it there, and says so", "other files than its own" in told and count() == rows + copied, told)
        s3.delete_object(Bucket=BUCKET, Key=f"data/{TABLE}/state=OR/new.parquet")
        check("and one that goes", until(30, rows) == rows, count())
    finally:
        server.terminate()
        server.wait()


def events(s3):
    keys = keys_of_role("lakefront")
    sqs = client("sqs", keys)
    url = client("sqs").get_queue_url(QueueName=f"{NAME}-objects")["QueueUrl"]

    def received(seconds):
        seen, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.append(json.loads(message["Body"]))
            time.sleep(0.05)
        return [(event["detail-type"], event["detail"]["object"]["key"]) for event in seen]

    received(1)
    s3.put_object(Bucket=BUCKET, Key=f"data/{TABLE}/state=ZZ/new.parquet", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="results/no-news.csv", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key=f"data/{TABLE}/state=ZZ/new.parquet")
    seen = received(2)
    key = f"data/{TABLE}/state=ZZ/new.parquet"
    check("the queue hears of new files of the data, and of no others",
          ("Object Created", key) in seen and all(found == key for _, found in seen), seen)


main()
