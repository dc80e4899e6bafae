output "bucket_name" {
  value = aws_s3_bucket.lake.bucket
}

output "database_name" {
  value = aws_glue_catalog_database.lake.name
}

output "workgroup_name" {
  value = aws_athena_workgroup.lake.name
}

output "queue_url" {
  value = aws_sqs_queue.objects.url
}

# Of reader, analyst and lakefront.
output "role_arns" {
  value = { for role, made in aws_iam_role.lake : role => made.arn }
}
