library(data.table)

dt <- data.table(x = 1:3, y = c(2, 4, 6))
print(dt[, .(slope = mean(y / x))])
