-- One statement per line, as the embedded engine and Trino both read it.
-- Projections.
select id from events
select * from events
select note from events
select id, kind, price from events
select at, amount, flag from events
select source from events
select nothing from events
select id, nothing, source from events
select upper(kind), price * quantity from events
select id + user_id from events
select * from customers
select name from customers
select order_id, comment from orders
select * from orders
select c000, c117 from wide
select c001, c002, c004, c005, c007 from wide
select * from wide
select id from wide
select path, word from encoded
select * from encoded
select jumps from encoded
select plain from encoded
select key, rare from sparse
select added from sparse
select never from sparse
select * from sparse
select half, added from sparse
select token from blooms
select * from unknown
select label from unknown
select * from sales
select revenue from sales
select region, day from sales
select region, revenue from sales
select * from metrics
select cpu, year from metrics
select 1 from events
-- Counting and aggregates.
select count(*) from events
select count(*) from sales
select count(*) from orders
select count(*), max(day) from sales
select count(id) from events
select count(nothing) from events
select min(id), max(id) from events
select min(at), max(at) from events
select max(price) from events
select min(day) from events
select count(distinct user_id) from events
select count(distinct kind), count(distinct country) from events
select kind, count(*) from events group by kind
select country, kind, sum(price) from events group by country, kind
select day, avg(price), sum(quantity) from events group by day
select sum(amount) from events
select status, count(*), sum(total) from orders group by status
select customer_id, sum(total) from orders group by customer_id having sum(total) > 10000
select region, count(*) from sales group by region
select region, day, sum(revenue) from sales group by region, day
select product, sum(units) from sales group by product
select year, month, avg(cpu) from metrics group by year, month
select host, max(memory) from metrics group by host
select kind, sum(case when flag then price else 0 end) from events group by kind
select count(*) filter (where quantity > 5) from events
select sum(c000), avg(c003), min(c006) from wide
select count(rare), count(half), count(added) from sparse
select distinct country from events
select distinct region from sales
select approx_distinct(user_id) from events
select kind, grouping(kind), count(*) from events group by rollup (kind)
-- Row groups left out by their statistics.
select price from events where id < 1000
select price from events where id >= 58000
select price, kind from events where id between 20000 and 21000
select note from events where id = 12345
select note from events where id in (5, 30000, 59999)
select * from events where id > 100000
select sum(price) from events where day = date '2024-01-15'
select sum(price) from events where day >= date '2024-02-20'
select sum(price) from events where day between date '2024-01-10' and date '2024-01-12'
select kind, count(*) from events where day < date '2024-01-05' group by kind
select count(*) from events where day = date '2024-02-01'
select user_id from events where at >= timestamp '2024-02-10 00:00:00'
select user_id from events where at between timestamp '2024-01-20 00:00:00' and timestamp '2024-01-21 00:00:00'
select max(price) from events where at < timestamp '2024-01-03 12:00:00'
select id from events where id < 5000 or id > 55000
select price from events where not (id < 40000)
select price from events where id <> 5
select note from events where day in (date '2024-01-02', date '2024-02-02')
select price from events where id > 10000 and id < 30000 and quantity = 3
select price from events where (id < 3000 and quantity > 2) or (id > 57000 and quantity < 4)
select price from events where nothing is not null
select price from events where nothing is null
select id from events where source = 'app'
select id from events where source = 'web'
select name from customers where customer_id < 700
select name from customers where name like 'Customer 01%'
select name, balance from customers where since < date '2019-01-01'
select word from encoded where id < 9000
select word, plain from encoded where path > '/shop/070'
select path from encoded where path like '/shop/010%'
select key from sparse where key < 1500
select half from sparse where key > 12000
select added from sparse where added is not null
select rare from sparse where key between 3000 and 5000 and half is not null
select value from unknown where id < 100
select label, value from unknown where id > 11000
select c000 from wide where id < 500
select c050, c051 from wide where id >= 2500
select sum(price) from events where cast(at as date) = date '2024-01-15'
select sum(price) from events where id + 0 < 1000
select note from events where id < 2000 and kind = 'click'
select price from events where id < 8000 or price > 9000
select price from events where id < 2000 or day > date '2024-02-27'
-- Filters that leave nothing out.
select price from events where user_id = 77
select id, note from events where country = 'C07'
select count(*) from events where kind = 'order'
select sum(price) from events where kind in ('cart', 'order')
select avg(price) from events where flag
select count(*) from events where flag and quantity > 10
select order_id from orders where status = 'paid'
select order_id, total from orders where total > 4000
select sum(total) from orders where ordered = date '2024-06-01'
select sum(total) from orders where ordered between date '2024-03-01' and date '2024-03-31'
select comment from orders where customer_id = 17
select comment from orders where comment like '%7'
select name from customers where country = 'C01'
select name from customers where balance > 5000 and country <> 'C02'
select value from unknown where label = 'label 7'
select product from sales where units > 10
select cpu from metrics where host = 'host-007'
select cpu, memory from metrics where cpu > 50
select price from events where length(note) = 24
select price from events where quantity % 2 = 0
select price from events where coalesce(nothing, id) > 5
-- Keys among values that have no order.
select score from blooms where bucket = 5
select token, score from blooms where score > 1000
select count(*) from blooms where bucket < 10
-- Partitions.
select sum(revenue) from sales where region = 'asia'
select sum(revenue) from sales where region in ('asia', 'europe')
select sum(revenue) from sales where day = date '2024-01-03'
select sum(revenue) from sales where day >= date '2024-01-05'
select sum(revenue) from sales where region = 'europe' and day between date '2024-01-02' and date '2024-01-04'
select sum(revenue) from sales where region <> 'africa'
select sum(revenue) from sales where region like 'a%'
select sum(revenue) from sales where region = 'atlantis'
select sum(revenue) from sales where region = 'oceania'
select sum(revenue) from sales where upper(region) = 'ASIA'
select product, sum(units) from sales where region = 'asia' and store = 7 group by product
select count(*) from sales where region = 'africa'
select region from sales where day = date '2024-01-01'
select sale_id from sales where region = 'asia' or day = date '2024-01-01'
select sale_id from sales where (region = 'asia' and day = date '2024-01-01') or (region = 'europe' and day = date '2024-01-02')
select sale_id from sales where sale_id < 500
select sale_id from sales where region = 'asia' and sale_id >= 50000
select avg(cpu) from metrics where year = 2024
select avg(cpu) from metrics where year = 2023 and month = 6
select avg(cpu) from metrics where year * 100 + month >= 202310
select avg(cpu) from metrics where month in (1, 7)
select avg(cpu) from metrics where year = 2024 and minute < 1000
select avg(cpu), max(memory) from metrics where month > 10 or year = 2022
select memory from metrics where year between 2022 and 2023 and host = 'host-001'
select max(year) from metrics
-- Nested columns.
select address from nested
select address.city from nested
select address.city, address.zip from nested
select address.geo from nested
select address.geo.lat from nested
select id, address.geo.lon from nested
select id from nested where address.zip > 50000
select address.street from nested where id < 4000
select address.city, count(*) from nested group by address.city
select max(address.geo.lat) from nested
select address.city from nested where address.geo.lat > 0
select tags from nested
select id, attributes['colour'] from nested
select items from nested
select attributes from nested
select attributes['size'] from nested where id < 8000
select id, tags, address.city from nested
select name, address.zip from nested where id between 4000 and 8000
select count(*) from nested where address.city = 'city 7'
select * from nested
select items from nested where id > 17000
select address, address.city from nested
select upper(address.city) from nested where address.zip < 20000 and id > 12000
-- Joins.
select c.name, o.total from orders o join customers c on o.customer_id = c.customer_id
select c.country, sum(o.total) from orders o join customers c on o.customer_id = c.customer_id group by c.country
select e.kind, o.status from events e join orders o on e.id = o.event_id
select e.kind, c.name from events e join orders o on e.id = o.event_id join customers c on c.customer_id = o.customer_id
select a.id from events a join events b on a.id = b.user_id
select o.order_id from orders o left join customers c on o.customer_id = c.customer_id where c.balance > 100
select c.name from customers c where c.customer_id in (select customer_id from orders where total > 4500)
select c.name from customers c where not exists (select 1 from orders o where o.customer_id = c.customer_id and o.status = 'back')
select o.total from orders o join customers c on o.customer_id = c.customer_id and c.country = 'C03'
select s.revenue, c.name from sales s join customers c on s.store = c.customer_id where s.region = 'asia'
select a.cpu, b.cpu from metrics a join metrics b on a.host = b.host and a.minute = b.minute where a.year = 2023 and b.year = 2024 and a.month = 1 and b.month = 1
select count(*) from events a cross join (select max(price) m from events) b where a.price = b.m
select n.address.city, c.name from nested n join customers c on n.id = c.customer_id
-- Subqueries, common table expressions, unions, windows, order.
with paid as (select customer_id, total from orders where status = 'paid') select sum(total) from paid
with d as (select day, sum(price) p from events group by day) select a.day, a.p, b.p from d a join d b on a.day = b.day
select * from (select id, price, kind from events) t where t.id < 3000
select id from events where price > (select avg(price) from events)
select id from events union all select order_id from orders
select id from events where id < 4000 union all select id from events where id >= 56000
select customer_id from orders union select customer_id from customers
select customer_id from customers except select customer_id from orders where total > 4990
select id, row_number() over (partition by kind order by price) from events
select country, sum(price) over (partition by country) from events where id < 12000
select id, price from events order by price
select id, price from events order by price desc limit 10
select kind, price from events limit 5
select note from events where id > 50000 limit 3
