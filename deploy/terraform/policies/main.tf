# Who may do what in the lake, the same statements as in crates/lakefront/src/setup/policies.rs. No provider is needed, so
# that the tests can compare both.

variable "name" { type = string }
variable "partition" { type = string }
variable "region" { type = string }
variable "account" { type = string }
variable "table" { type = string }

locals {
  database = replace(var.name, "-", "_")
  bucket   = "arn:${var.partition}:s3:::${var.name}-${var.account}-${var.region}"
  glue     = "arn:${var.partition}:glue:${var.region}:${var.account}"

  reader = [
    {
      Sid      = "DatabaseNames"
      Effect   = "Allow"
      Action   = ["glue:GetDatabases"]
      Resource = ["${local.glue}:catalog", "${local.glue}:database/*"]
    },
    {
      Sid    = "Tables"
      Effect = "Allow"
      Action = [
        "glue:GetDatabase",
        "glue:GetTables",
        "glue:GetTable",
        "glue:GetPartitions",
        "glue:GetPartition",
        "glue:BatchGetPartition",
      ]
      Resource = [
        "${local.glue}:catalog",
        "${local.glue}:database/${local.database}",
        "${local.glue}:table/${local.database}/*",
      ]
    },
    {
      Sid      = "Bucket"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [local.bucket]
    },
    {
      Sid      = "Data"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket}/data/*"]
    },
  ]

  run = [
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "athena:BatchGetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
  ]
  workgroup = ["arn:${var.partition}:athena:${var.region}:${var.account}:workgroup/${var.name}"]

  # Athena writes results with the rights of whoever asks.
  results = {
    Sid      = "Results"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    Resource = ["${local.bucket}/results/*"]
  }

  analyst = concat(local.reader, [
    {
      Sid      = "Statements"
      Effect   = "Allow"
      Action   = concat(local.run, ["athena:GetQueryExecution"])
      Resource = local.workgroup
    },
    local.results,
  ])

  lakefront = concat(local.reader, [
    {
      Sid      = "Statements"
      Effect   = "Allow"
      Action   = local.run
      Resource = local.workgroup
    },
    local.results,
    {
      Sid      = "Unloaded"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = ["${local.bucket}/results/unload/*"]
    },
    {
      Sid    = "Follow"
      Effect = "Allow"
      Action = ["glue:UpdateTable"]
      Resource = [
        "${local.glue}:catalog",
        "${local.glue}:database/${local.database}",
        "${local.glue}:table/${local.database}/${var.table}",
      ]
    },
    {
      Sid      = "Events"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
      Resource = ["arn:${var.partition}:sqs:${var.region}:${var.account}:${var.name}-objects"]
    },
  ])
}

# By role, as JSON.
output "documents" {
  value = {
    for role, statements in { reader = local.reader, analyst = local.analyst, lakefront = local.lakefront } :
    role => jsonencode({ Version = "2012-10-17", Statement = statements })
  }
}
